// Requests to the API. An item travels as the text it is, in both directions: JavaScript's own numbers would round it.

export function send(method, path, { type, ifMatch, ifNoneMatch, idempotencyKey, body }) {
  const headers = { Accept: "application/json" };
  if (type) headers["Content-Type"] = type;
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (ifNoneMatch) headers["If-None-Match"] = ifNoneMatch;
  if (idempotencyKey) headers["Idempotency-Key"] = `"${idempotencyKey}"`;
  return fetch(path, { method, headers, body });
}

// What an answer that is no item says: its sentence, and where in the body the fault is.
export async function explanation(response) {
  const answer = (await response.json().catch(() => null)) ?? {};
  const said = answer.error || answer.message || `The answer is HTTP ${response.status} without an explanation.`;
  const sentence = answer.pointer === undefined ? said : `${said} (At ${answer.pointer || "the top"}.)`;
  // Not the service's words: what is in front of it gave up waiting, and knows no more than that.
  const isUnclear = [502, 504].includes(response.status) || (response.status >= 500 && !answer.error);
  return { sentence, isUnclear };
}

// The item as it is now: its ETag and its text as the service indents it, or null when it is gone.
export async function currentItem(path) {
  const response = await fetch(path, { headers: { Accept: "text/html" } });
  if (response.status === 404) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok) throw new Error(page.querySelector("[role=alert]")?.textContent || `HTTP ${response.status}`);
  return { etag: page.getElementById("etag").textContent, text: page.getElementById("item").textContent };
}

export function itemPath(key) {
  return `/picus/get/${encodeURIComponent(key)}`;
}

// Browsers resolve these as folders in a path, percent-encoded too: the request would go elsewhere.
export function isOutOfReach(key) {
  return key === "." || key === "..";
}
