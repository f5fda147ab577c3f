// Errors of a form: text beside the form, tied to the field at fault, which gets the focus (WCAG 3.3.1 and 2.4.3).
import { escapeBidi } from "./escape_bidi.js";

// Shows an error. `field`: the field at fault; `path`: an item that the text links to. Returns false.
export function showError(form, text, { field, path } = {}) {
  const place = form.querySelector("[role=alert]");
  place.textContent = path ? "" : escapeBidi(text);
  if (path) place.append(link(path, escapeBidi(text)));
  if (field) markInvalid(field, place.id);
  return false;
}

export function clearError(form) {
  showError(form, "");
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

function markInvalid(field, errorId) {
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", errorId);
  field.focus();
}

function link(path, text) {
  const element = document.createElement("a");
  element.href = path;
  element.textContent = text;
  return element;
}
