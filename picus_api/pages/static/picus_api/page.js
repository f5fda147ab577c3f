// What every page has: the message of the page before, copy buttons, search fields.
import { isUnreachable, itemPath } from "./api.js";
import { copyText } from "./clipboard.js";
import "./curl_lines.js";
import { openDraft, takeDraft } from "./draft.js";
import { showFlash } from "./flash.js";
import { clearError, showError } from "./form_errors.js";
import "./forms.js";
import { formatWithoutKey } from "./json_text.js";
import { addColumnsToLinks } from "./remembered_columns.js";

showFlash();
addColumnsToLinks();

const newItem = document.getElementById("new-item");
const draft = newItem && takeDraft();
if (draft) {
  newItem.value = newItem.defaultValue = draft;
  newItem.dispatchEvent(new Event("input", { bubbles: true }));
}

// The editor is large. It is loaded for pages with a form that takes JSON, when the user opens the form.
if (document.querySelector("textarea[data-json]")) import("./json_field.js");

// Behind an edge that ends TLS the service does not know the origin that the browser uses.
for (const origin of document.querySelectorAll("[data-origin]")) origin.textContent = window.location.origin;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const code = document.getElementById(button.dataset.copy);
  const hint = button.nextElementSibling;
  const isCopied = await copyText(code.textContent);
  if (!isCopied) window.getSelection().selectAllChildren(code);
  hint.textContent = isCopied ? "Copied" : "Selected: press Ctrl+C";
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-duplicate]");
  if (!button) return;
  const text = formatWithoutKey(document.getElementById("item").textContent);
  if (!openDraft(button.dataset.duplicate, text)) button.nextElementSibling.textContent = "Copy the JSON into the form";
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
