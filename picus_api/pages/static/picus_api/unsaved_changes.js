// Browsers ask before they leave a page with a changed form that was not sent.
const saved = new WeakSet();

// Leaves this form out, because its text is stored or was given up.
export function markSaved(form) {
  saved.add(form);
}

document.addEventListener("input", (event) => saved.delete(event.target.form));

window.addEventListener("beforeunload", (event) => {
  if (Array.from(document.querySelectorAll("form[data-method]")).some(isUnsaved)) event.preventDefault();
});

function isUnsaved(form) {
  return !saved.has(form) && Array.from(form.querySelectorAll("input, textarea")).some(isChanged);
}

function isChanged(field) {
  return field.value !== field.defaultValue;
}
