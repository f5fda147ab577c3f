// The filter builder writes a condition into the text of the filter, which the user can edit.
import { clearError, showError } from "./form_errors.js";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const PATH = /^(?:[\p{L}\p{N}_-]+|"(?:[^"\\]|\\.)+")(?:\.(?:[\p{L}\p{N}_-]+|"(?:[^"\\]|\\.)+"))*$/u;

// What an operator writes for a path and a value.
const compared = (sign) => (path, value) => `${path} ${sign} ${value}`;
const exists = { "exists": (path) => `${path}:*`, "does not exist": (path) => `NOT ${path}:*` };
const equal = { "=": compared("="), "!=": compared("!=") };
const ordered = Object.fromEntries([">", ">=", "<", "<="].map((sign) => [sign, compared(sign)]));
const OPERATORS = {
  text: { ...equal, "begins with": (path, value) => `begins_with(${path}, ${value})`, ...ordered, ...exists },
  number: { ...equal, ...ordered, ...exists },
  boolean: { "is true": (path) => `${path} = true`, "is false": (path) => `${path} = false`, ...exists },
  null: { "is null": (path) => `${path} = null`, "is not null": (path) => `${path} != null`, ...exists },
  json: { ...equal, ...exists },
};

const form = document.querySelector("#builder form");
const filter = document.getElementById("filter");
if (form) {
  const { name, type, operator } = form.elements;
  name.addEventListener("input", chooseType);
  type.addEventListener("change", offerOperators);
  operator.addEventListener("change", offerValue);
  filter.addEventListener("input", offerToJoin);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearError(form);
    addCondition();
  });
  offerOperators();
  offerToJoin();
}

// Chooses the type that the name has on this page.
function chooseType() {
  const { name, type } = form.elements;
  const known = [...form.querySelectorAll("datalist option")].find((option) => option.value === name.value.trim());
  const [first] = known?.dataset.types.split(" ").filter((each) => each !== "null") ?? [];
  if (!first) return;
  type.value = first in OPERATORS ? first : "json";
  offerOperators();
}

function offerOperators() {
  const { type, operator } = form.elements;
  const chosen = operator.value;
  const names = Object.keys(OPERATORS[type.value]);
  operator.replaceChildren(...names.map((each) => new Option(each)));
  operator.value = names.includes(chosen) ? chosen : names[0];
  offerValue();
}

function offerValue() {
  form.querySelector("[data-with-value]").hidden = chosenOperator().length < 2;
}

function offerToJoin() {
  form.querySelector("[data-joins]").hidden = !filter.value.trim();
}

function chosenOperator() {
  const { type, operator } = form.elements;
  return OPERATORS[type.value][operator.value];
}

function addCondition() {
  const { name, type, value, joiner } = form.elements;
  const write = chosenOperator();
  const literal = write.length < 2 ? "" : literalOf(type.value, value.value);
  if (literal === null) return showError(form, `This is not a ${type.value === "json" ? "JSON value" : "number"}.`, { field: value });
  filter.value = joined(filter.value.trim(), joiner.value, write(pathOf(name.value.trim()), literal));
  filter.dispatchEvent(new Event("input", { bubbles: true }));
  name.value = value.value = "";
  filter.focus();
}

// Returns the value as JSON, or null if the text is no value of this type. A number stays as it is typed.
function literalOf(type, text) {
  if (type === "text") return JSON.stringify(text);
  if (type === "number") return NUMBER.test(text.trim()) ? text.trim() : null;
  try {
    JSON.parse(text);
    return text.trim();
  } catch {
    return null;
  }
}

function pathOf(name) {
  return PATH.test(name) && name !== "NOT" ? name : JSON.stringify(name);
}

// AND beside OR needs parentheses.
function joined(text, joiner, condition) {
  if (!text) return condition;
  const other = joiner === "AND" ? "OR" : "AND";
  return new RegExp(`(?<![\\w-])${other}(?![\\w-])`).test(outside(text)) ? `(${text}) ${joiner} ${condition}` : `${text} ${joiner} ${condition}`;
}

// Returns the text without its strings, and without what is in parentheses.
function outside(text) {
  let left = text.replace(/"(?:[^"\\]|\\.)*"/g, "");
  while (/\([^()]*\)/.test(left)) left = left.replace(/\([^()]*\)/g, "");
  return left;
}
