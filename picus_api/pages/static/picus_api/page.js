// What every page has: the message of the page before, copy buttons, search fields.
import { isUnreachable, itemPath } from "./api.js";
import "./curl_lines.js";
import { takeFlash } from "./flash.js";
import { clearError, showError } from "./form_errors.js";
import "./forms.js";

const flash = takeFlash();
if (flash) {
  const status = document.getElementById("flash");
  status.hidden = false;
  status.textContent = flash;
}

// Behind an edge that ends TLS the service does not know the origin that the browser uses.
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
    // The page has no TLS, or no permission.
    window.getSelection().selectAllChildren(code);
    hint.textContent = "Selected: press Ctrl+C";
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-open]")) return;
  event.preventDefault();
  clearError(form);
  const field = form.elements.key;
  if (event.submitter?.matches("[data-prefix]")) return window.location.assign(prefixPath(form.dataset.list, field.value));
  if (isUnreachable(field.value)) return showError(form, form.dataset.unreachable, { field });
  window.location.assign(itemPath(field.value));
});

// Returns the path of the list of all items whose key begins with this text.
function prefixPath(list, text) {
  return `${list}?${new URLSearchParams({ filter: `begins_with(object_id, ${JSON.stringify(text)})` })}`;
}

// The API refuses empty parameters.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("[data-leave-out-empty]")) return;
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});
