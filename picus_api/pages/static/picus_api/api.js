// Requests to the API. Items travel as text in both directions, because JavaScript would round their numbers.

export function send({ method, path, headers, body }, idempotencyKey) {
  const key = idempotencyKey && { "Idempotency-Key": `"${idempotencyKey}"` };
  return fetch(path, { method, body, headers: { Accept: "application/json", ...headers, ...key } });
}

// Returns the message, the code and the JSON Pointer of a response, and whether the write may have happened in spite of an error.
export async function readMessage(response) {
  const body = (await response.json().catch(() => null)) ?? {};
  const message = body.error || body.message || `The response is HTTP ${response.status} without an explanation.`;
  const { code, pointer } = body;
  const text = pointer === undefined ? message : `${message} (At ${pointer || "the top"}.)`;
  // A proxy sends these statuses when it stops waiting. It does not know the outcome.
  const isUnclear = [502, 504].includes(response.status) || (response.status >= 500 && !body.error);
  return { text, code, pointer, isUnclear };
}

// Returns the ETag of the stored item and its text as the service indents it. Returns null if there is no item.
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

// Browsers remove dot segments from paths, also percent-encoded ones. Such a request would go to another path.
export function isUnreachable(key) {
  return key === "." || key === "..";
}
