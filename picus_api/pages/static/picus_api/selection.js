// Select items of the list and act on them: copy, duplicate, delete.
import { deleteItems } from "./bulk_delete.js";
import { copyText } from "./clipboard.js";
import { curlLine } from "./curl_lines.js";
import { openDraft } from "./draft.js";
import { escapeBidi } from "./escape_bidi.js";
import { formatJson, formatWithoutKey } from "./json_text.js";

const bar = document.getElementById("selection");
const selectAll = document.getElementById("select-all");
const confirmation = document.getElementById("confirm-delete");
const fallback = document.getElementById("copy-text");

if (bar) {
  document.addEventListener("change", ({ target }) => {
    if (target === selectAll) for (const box of boxes()) box.checked = target.checked;
    if (target === selectAll || target.matches("[data-select]")) showSelection();
  });
  // Browsers restore checkboxes when the user goes back.
  window.addEventListener("pageshow", showSelection);
  bar.addEventListener("click", ({ target }) => {
    const action = target.closest("[data-act]")?.dataset.act;
    if (action) run(actions[action]);
  });
  confirmation.addEventListener("close", async () => {
    if (confirmation.returnValue !== "delete") return;
    await deleteItems(selected());
    showSelection();
  });
}

const actions = {
  async copyJson() {
    const texts = await Promise.all(selected().map(readItem));
    const text = texts.length === 1 ? texts[0] : `[${texts.join(",")}]`;
    await copy(escapeBidi(formatJson(text)), `${counted(texts.length)} copied as JSON.`);
  },
  async copyCurl() {
    const lines = selected().map((box) => curlLine({ method: "GET", path: pathOf(box), headers: {} }));
    await copy(lines.join("\n"), `${lines.length} curl ${lines.length === 1 ? "line" : "lines"} copied.`);
  },
  async duplicate() {
    const text = formatWithoutKey(await readItem(selected()[0]));
    if (!openDraft(bar.dataset.new, text)) say("This browser can't pass the item on to the form: copy it as JSON.");
  },
  confirmDelete() {
    document.getElementById("confirm-title").textContent = `Delete ${counted(selected().length)}?`;
    confirmation.returnValue = "";
    confirmation.showModal();
  },
};

async function run(action) {
  say("");
  try {
    await action();
  } catch (error) {
    say(error.message);
  }
}

function boxes() {
  return [...document.querySelectorAll("[data-select]")];
}

function selected() {
  return boxes().filter((box) => box.checked);
}

function showSelection() {
  const count = selected().length;
  bar.hidden = count === 0;
  bar.querySelector("[data-selected]").textContent = `${counted(count)} selected`;
  // A token that may not write has no such button.
  const duplicate = bar.querySelector("[data-act=duplicate]");
  if (duplicate) duplicate.hidden = count !== 1;
  selectAll.checked = count > 0 && count === boxes().length;
  selectAll.indeterminate = count > 0 && !selectAll.checked;
}

function pathOf(box) {
  return `/picus/get/${box.dataset.select}`;
}

// Returns the text of an item, as the API sends it.
async function readItem(box) {
  const response = await fetch(pathOf(box), { headers: { Accept: "application/json" } });
  if (response.ok) return response.text();
  const { error } = await response.json().catch(() => ({}));
  throw new Error(error ?? `HTTP ${response.status}`);
}

async function copy(text, message) {
  if (await copyText(text)) return say(message);
  const field = fallback.querySelector("textarea");
  field.value = text;
  fallback.showModal();
  return field.select();
}

function say(text) {
  document.getElementById("action-status").textContent = escapeBidi(text);
}

function counted(count) {
  return `${count} ${count === 1 ? "item" : "items"}`;
}
