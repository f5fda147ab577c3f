// The forms that write: create, replace, patch, delete.
import { send, sentence } from "./api.js";
import { hideConflict, showConflict } from "./conflict.js";
import { leave } from "./said.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-method]");
  if (!form) return;
  event.preventDefault();
  hideConflict(form);
  say(form, "");
  setBusy(form, true);
  try {
    const response = await ask(form);
    // Busy until the next page is there: a second click would write a second time.
    if (response.ok) return await goOn(form, response);
    await explain(form, response);
  } catch (error) {
    say(form, `No answer came (${error.message}). Look whether it was done before you send it again.`);
  }
  setBusy(form, false);
});

// Whoever goes back finds the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy=true]")) setBusy(form, false);
});

function ask(form) {
  const { method, path, type, ifMatch, ifNoneMatch } = form.dataset;
  const body = form.elements.body?.value;
  const key = form.elements.key?.value;
  if (key) return send("PUT", `${path}/${encodeURIComponent(key)}`, { type, body, ifNoneMatch: "*" });
  return send(method, path, { type, body, ifMatch, ifNoneMatch });
}

async function explain(form, response) {
  if (response.status !== 412 || !form.dataset.item) return say(form, await sentence(response));
  const unknown = "Nothing of yours was written: the item has changed. What it is now does not arrive at the moment.";
  return showConflict(form, response).catch(() => say(form, unknown));
}

// To the page that shows what came of it, which then says so.
async function goOn(form, response) {
  leave(form.dataset.done || (await sentence(response)));
  window.location.assign(response.headers.get("Location") || form.dataset.then);
}

function say(form, text) {
  form.querySelector("[role=alert]").textContent = text;
}

function setBusy(form, busy) {
  form.setAttribute("aria-busy", busy);
  form.querySelector("[type=submit]").disabled = busy;
}
