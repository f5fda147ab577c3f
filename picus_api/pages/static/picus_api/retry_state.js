// What requests without a response may have done. Only the service knows their outcome.

// The items that this page wrote or may have written.
const written = new Set();

export function recordWrite(path) {
  written.add(path);
}

export function mayBeOwnWrite(path) {
  return written.has(path);
}

// For writes that the user has seen since.
export function forgetWrite(path) {
  written.delete(path);
}

// The Idempotency-Key (docs/writes.md) of each form that creates, as long as the form sends the same text.
const keys = new WeakMap();

export function idempotencyKey(form, body) {
  if (keys.get(form)?.body !== body) keys.set(form, { body, key: uuid() });
  return keys.get(form).key;
}

export function discardIdempotencyKey(form) {
  keys.delete(form);
}

export function hasIdempotencyKey(form) {
  return keys.has(form);
}

// Browsers have randomUUID only in secure contexts: HTTPS and localhost.
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
