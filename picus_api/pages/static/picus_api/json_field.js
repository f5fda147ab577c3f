// Text fields that take JSON: checked while the user types, formatted on demand, with the editor in their place.
import { formatJson, JsonError, parseJson } from "./json_text.js";

const CHECK_DELAY_MS = 300;

for (const field of document.querySelectorAll("textarea[data-json]")) enhance(field);

function enhance(field) {
  const tools = field.form.querySelector("[data-json-tools]");
  const part = (name) => tools.querySelector(`[data-${name}]`);
  const checked = { field, editor: null, error: null, showError: part("error"), goToError: part("go-to-error") };
  tools.hidden = false;
  part("format").addEventListener("click", () => format(checked));
  checked.goToError.addEventListener("click", () => select(checked, checked.error.position));
  // forms.js asks for the place of a value that the service refused.
  field.addEventListener("locate", ({ detail }) => select(checked, detail));
  let timer;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_DELAY_MS, checked);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field.form.requestSubmit();
  });
  loadWhenShown(checked);
}

function loadWhenShown(checked) {
  const section = checked.field.closest("details:not([open])");
  // Without the editor, the plain text field stays.
  const load = () => attachEditor(checked).catch(() => {});
  if (section) section.addEventListener("toggle", load, { once: true });
  else load();
}

async function attachEditor(checked) {
  const { createEditor } = await import("./editor.js");
  const { field } = checked;
  const label = document.querySelector(`label[for="${field.id}"]`);
  const place = document.createElement("div");
  const hadFocus = document.activeElement === field;
  label.id = `${field.id}-label`;
  place.className = "json-editor";
  place.style.setProperty("--rows", field.rows);
  field.before(place);
  const editor = createEditor({
    parent: place,
    text: field.value,
    label: label.id,
    hint: field.placeholder,
    onSubmit: () => field.form.requestSubmit(),
    onChange(text) {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });
  // The field keeps the text for the form, and passes on the focus and what is said about errors.
  label.removeAttribute("for");
  label.addEventListener("click", editor.focus);
  field.hidden = true;
  field.required = false;
  field.focus = editor.focus;
  if (hadFocus) editor.select(field.selectionStart, field.selectionEnd);
  new MutationObserver(() => copyErrorAttributes(field, editor.content)).observe(field, {
    attributeFilter: ["aria-invalid", "aria-describedby"],
  });
  checked.editor = editor;
  check(checked);
}

function copyErrorAttributes(field, content) {
  for (const name of ["aria-invalid", "aria-describedby"]) {
    const value = field.getAttribute(name);
    if (value === null) content.removeAttribute(name);
    else content.setAttribute(name, value);
  }
}

function check(checked) {
  const text = checked.field.value;
  checked.error = text.trim() ? errorIn(text) : null;
  checked.showError.textContent = checked.error ? `${placeOf(text, checked.error.position)}: ${checked.error.message}` : "";
  checked.goToError.hidden = !checked.error;
  checked.editor?.markError(checked.error?.position ?? null);
}

function errorIn(text) {
  try {
    const root = parseJson(text);
    return root.members ? null : new JsonError("A JSON object is expected here.", root.start);
  } catch (error) {
    return error;
  }
}

function placeOf(text, position) {
  const lines = text.slice(0, position).split("\n");
  return `Line ${lines.length}, character ${lines.at(-1).length + 1}`;
}

function format(checked) {
  check(checked);
  if (checked.error) return select(checked, checked.error.position);
  const text = formatJson(checked.field.value);
  if (checked.editor) return checked.editor.setText(text);
  checked.field.value = text;
  return checked.field.dispatchEvent(new Event("input", { bubbles: true }));
}

function select({ field, editor }, position) {
  if (editor) return editor.select(position);
  field.focus();
  return field.setSelectionRange(position, position);
}
