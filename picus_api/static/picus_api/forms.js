// The forms that write: create, replace, patch, delete.
import { send, sentence } from "./api.js";
import { hideConflict, showConflict } from "./conflict.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-method]");
  if (!form) return;
  event.preventDefault();
  hideConflict(form);
  say(form, "");
  setBusy(form, true);
  try {
    await write(form);
  } catch (error) {
    say(form, `No answer came (${error.message}). Look whether it was done before you send it again.`);
  }
  setBusy(form, false);
});

async function write(form) {
  const { method, path, type, ifMatch, ifNoneMatch } = form.dataset;
  const body = form.elements.body?.value;
  const key = form.elements.key?.value;
  const response = key
    ? await send("PUT", `${path}/${encodeURIComponent(key)}`, { type, body, ifNoneMatch: "*" })
    : await send(method, path, { type, body, ifMatch, ifNoneMatch });
  if (response.ok) await goOn(form, response);
  else if (response.status === 412 && form.dataset.item) await showConflict(form, response);
  else say(form, await sentence(response));
}

// To the page that shows what came of it, which then says so.
async function goOn(form, response) {
  sessionStorage.setItem("said", form.dataset.done || (await sentence(response)));
  window.location.assign(response.headers.get("Location") || form.dataset.then);
}

function say(form, text) {
  form.querySelector("[role=alert]").textContent = text;
}

function setBusy(form, busy) {
  form.setAttribute("aria-busy", busy);
  form.querySelector("[type=submit]").disabled = busy;
}
