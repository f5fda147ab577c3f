// The forms that write: create, replace, patch, delete.
import { isUnreachable, itemPath, readMessage, send } from "./api.js";
import { explainConflict, hideConflict } from "./conflict.js";
import { hideFlash, redirect } from "./flash.js";
import { clearError, showError } from "./form_errors.js";
import { chosenKey, formRequest } from "./form_request.js";
import { positionOf } from "./json_text.js";
import { discardIdempotencyKey, hasIdempotencyKey, idempotencyKey, recordWrite } from "./retry_state.js";
import { markSaved } from "./unsaved_changes.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-method]");
  if (!form) return;
  event.preventDefault();
  // A second click would write a second time. A disabled button would lose the focus.
  if (form.getAttribute("aria-busy") === "true") return;
  hideFlash();
  hideConflict(form);
  clearError(form);
  if (isUnreachable(chosenKey(form))) return showError(form, form.dataset.unreachable, { field: form.elements.key });
  setBusy(form, true);
  if (!(await write(form))) setBusy(form, false);
});

// A page can come back from the browser's cache, or stay because the user has unsaved changes in another form.
window.addEventListener("pageshow", endBusy);
window.addEventListener("beforeunload", (event) => event.defaultPrevented && setTimeout(endBusy, 1000));

function endBusy() {
  for (const form of document.querySelectorAll("form[aria-busy=true]")) setBusy(form, false);
}

// Returns true if the page that shows the result is about to open.
async function write(form) {
  const item = chosenKey(form) ? itemPath(chosenKey(form)) : form.dataset.item;
  try {
    const response = await request(form);
    if (response.ok || response.status >= 500) recordWrite(item);
    // 409 (in progress) and errors of the service say nothing about the outcome.
    if (response.status < 500 && response.status !== 409) discardIdempotencyKey(form);
    return await (response.ok ? showResult(form, response) : explain(form, response, item));
  } catch (error) {
    recordWrite(item);
    return showError(form, `No response came (${error.message}). ${advice(form)}`);
  }
}

async function request(form) {
  const wanted = formRequest(form);
  if (wanted.method !== "POST") return send(wanted);
  const response = await send(wanted, idempotencyKey(form, wanted.body));
  if (response.ok || (await readMessage(response.clone())).code !== "idempotency_unavailable") return response;
  // Without the idempotency table the service stores items that come without an Idempotency-Key.
  discardIdempotencyKey(form);
  return send(wanted);
}

async function showResult(form, response) {
  markSaved(form);
  const message = form.dataset.done || (await readMessage(response)).text;
  return redirect(response.headers.get("Location") || form.dataset.then, message);
}

async function explain(form, response, item) {
  const { text, code, pointer, isUnclear } = await readMessage(response);
  const isGone = response.status === 404 && form.dataset.method === "DELETE";
  if (response.status === 412 || isGone) return explainConflict(form, text, item);
  const field = fieldAtFault(form, response, code);
  showError(form, isUnclear ? `${text} ${advice(form)}` : text, { field });
  if (field && field === form.elements.body) locate(field, pointer);
  return false;
}

// Moves the cursor to the value that the service refused.
function locate(field, pointer) {
  const detail = pointer ? positionOf(field.value, pointer) : null;
  if (detail !== null) field.dispatchEvent(new CustomEvent("locate", { detail }));
}

// Returns undefined if no field is at fault.
function fieldAtFault(form, response, code) {
  if (code === "invalid_key") return form.elements.key;
  return [400, 413].includes(response.status) ? form.elements.body : undefined;
}

function advice(form) {
  const repeatable = !chosenKey(form) && hasIdempotencyKey(form);
  return repeatable
    ? "Send it again as it is: the same text is stored once."
    : "Check whether it was done before you send it again.";
}

function setBusy(form, busy) {
  form.setAttribute("aria-busy", busy);
  form.querySelector("[type=submit]").setAttribute("aria-disabled", busy);
}
