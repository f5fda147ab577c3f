// What every page has: what the page before it had to say, copy buttons, search fields.
import { isOutOfReach, itemPath } from "./api.js";
import "./forms.js";
import { say, take } from "./said.js";

const said = take();
if (said) {
  const status = document.getElementById("said");
  status.hidden = false;
  status.textContent = said;
}

// Behind an edge that ends TLS the service can't know the address that the browser has.
for (const origin of document.querySelectorAll("[data-origin]")) origin.textContent = window.location.origin;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const code = document.getElementById(button.dataset.copy);
  const hint = button.nextElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent);
    hint.textContent = "Copied";
  } catch {
    // Without TLS, or without the permission.
    window.getSelection().selectAllChildren(code);
    hint.textContent = "Selected: press Ctrl+C";
  }
});

document.addEventListener("submit", (event) => {
  const { dots } = event.target.dataset;
  if (!event.target.matches("[data-open]")) return;
  event.preventDefault();
  const key = event.target.elements.key.value;
  say(event.target, isOutOfReach(key) ? dots : "");
  if (!isOutOfReach(key)) window.location.assign(itemPath(key));
});

// An empty parameter is an error to the API.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("[data-leave-out-empty]")) return;
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});
