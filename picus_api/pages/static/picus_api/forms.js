// The forms that write: create, replace, patch, delete.
import { explanation, isOutOfReach, itemPath, send } from "./api.js";
import { explainRefusal, hideConflict } from "./conflict.js";
import { goOn, say } from "./said.js";
import { giveUpKey, idempotencyKey, isSafeToRepeat, mayHaveWritten } from "./tries.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-method]");
  if (!form) return;
  event.preventDefault();
  hideConflict(form);
  say(form, "");
  if (isOutOfReach(chosenKey(form))) return say(form, form.dataset.dots);
  setBusy(form, true);
  // Busy until the next page is there: a second click would write a second time.
  if (!(await write(form))) setBusy(form, false);
});

// Whoever goes back finds the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy=true]")) setBusy(form, false);
});

// True when the page that shows what came of it is on its way.
async function write(form) {
  const item = chosenKey(form) ? itemPath(chosenKey(form)) : form.dataset.item;
  try {
    const response = await ask(form);
    if (response.ok || response.status >= 500) mayHaveWritten(item);
    // In progress and errors of the other side say nothing of what became of it.
    if (response.status < 500 && response.status !== 409) giveUpKey(form);
    return await (response.ok ? showResult(form, response) : explain(form, response, item));
  } catch (error) {
    mayHaveWritten(item);
    return say(form, `No answer came (${error.message}). ${advice(form)}`);
  }
}

function ask(form) {
  const { method, path, type, ifMatch, ifNoneMatch } = form.dataset;
  const body = form.elements.body?.value;
  const key = chosenKey(form);
  if (key) return send("PUT", `${path}/${encodeURIComponent(key)}`, { type, body, ifNoneMatch: "*" });
  if (method === "POST") return createOnce(form, path, { type, body });
  return send(method, path, { type, body, ifMatch, ifNoneMatch });
}

async function createOnce(form, path, item) {
  const response = await send("POST", path, { ...item, idempotencyKey: idempotencyKey(form, item.body) });
  if (response.status !== 503) return response;
  const { sentence } = await explanation(response.clone());
  if (sentence !== form.dataset.noRecords) return response;
  // Where the table of these keys is missing, items are stored all the same.
  giveUpKey(form);
  return send("POST", path, item);
}

async function showResult(form, response) {
  const said = form.dataset.done || (await explanation(response)).sentence;
  return goOn(response.headers.get("Location") || form.dataset.then, said);
}

async function explain(form, response, item) {
  const { sentence, isUnclear } = await explanation(response);
  const isGone = response.status === 404 && form.dataset.method === "DELETE";
  if (response.status === 412 || isGone) return explainRefusal(form, sentence, item);
  return say(form, isUnclear ? `${sentence} ${advice(form)}` : sentence);
}

function advice(form) {
  const again = !chosenKey(form) && isSafeToRepeat(form);
  return again
    ? "Send it again as it is: the same text is stored once."
    : "Look whether it was done before you send it again.";
}

function chosenKey(form) {
  return form.elements.key?.value;
}

function setBusy(form, busy) {
  form.setAttribute("aria-busy", busy);
  form.querySelector("[type=submit]").disabled = busy;
}
