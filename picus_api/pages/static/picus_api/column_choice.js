// The checkboxes of the column menu write its text, which the user can edit.
import { rememberColumns } from "./remembered_columns.js";

const form = document.querySelector("#columns form");
if (form) {
  const field = form.elements.fields;
  const boxes = form.querySelectorAll("[type=checkbox]");

  form.addEventListener("change", ({ target }) => {
    if (target.type !== "checkbox") return;
    const others = paths(field.value).filter((path) => path !== target.value);
    field.value = (target.checked ? [...others, target.value] : others).join(",");
  });

  field.addEventListener("input", () => {
    const chosen = paths(field.value);
    for (const box of boxes) box.checked = chosen.includes(box.value);
  });

  form.addEventListener("submit", () => rememberColumns(field.value.trim()));
}

// Returns the paths between the commas. A comma in double quotes belongs to a name.
function paths(fields) {
  return (fields.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []).map((path) => path.trim()).filter(Boolean);
}
