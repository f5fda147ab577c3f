// What earlier tries may have left behind: whether an answer that is lost had done its work, nobody here can know.

// The items that such a try may have written.
const touched = new Set();

export function mayHaveWritten(path) {
  touched.add(path);
}

export function isPerhapsMine(path) {
  return touched.has(path);
}

// For all that comes after what the person has seen meanwhile.
export function forget(path) {
  touched.delete(path);
}

// The Idempotency-Key (docs/writes.md) of each form that creates, for as long as it sends the same text.
const kept = new WeakMap();

export function idempotencyKey(form, body) {
  if (kept.get(form)?.body !== body) kept.set(form, { body, key: uuid() });
  return kept.get(form).key;
}

export function giveUpKey(form) {
  kept.delete(form);
}

export function isSafeToRepeat(form) {
  return kept.has(form);
}

// randomUUID is there in secure contexts alone: HTTPS and localhost.
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
