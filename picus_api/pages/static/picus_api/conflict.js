// A write that the service refused, because the stored item is no longer the item on this page.
import { currentItem } from "./api.js";
import { escapeBidi } from "./escape_bidi.js";
import { redirect } from "./flash.js";
import { showError } from "./form_errors.js";
import { isPatched, isSameItem } from "./json_equal.js";
import { formatWithoutKey } from "./json_text.js";
import { diffLines } from "./line_diff.js";
import { forgetWrite, mayBeOwnWrite } from "./retry_state.js";
import { markSaved } from "./unsaved_changes.js";

// Explains the refusal and offers what to do. Returns true if another page is about to open.
export async function explainConflict(form, refusal, path) {
  const { method, item, then } = form.dataset;
  const mine = mayBeOwnWrite(path);
  if (!item && !mine) return showError(form, refusal, { field: form.elements.key, path });
  const nothing = `${mine ? "This time nothing" : "Nothing of yours"} was written`;
  const unknown = `${nothing}: the item has changed. The stored item can't be read at the moment.`;
  const theirs = await currentItem(path).catch(() => undefined);
  if (theirs === undefined) return showError(form, unknown);
  if (!theirs && method === "DELETE") return leave(form, then, "The item is gone already: it was deleted after you opened it.");
  if (mine && theirs && isDone(form, theirs)) return leave(form, path, "It is written already: the item is as you sent it.");
  if (!item) return showError(form, `${refusal}, perhaps by an earlier try of yours`, { field: form.elements.key, path });
  return showConflict(form, theirs, `${nothing}. ${reason(form, theirs, refusal)}`);
}

export function hideConflict(form) {
  if (form.nextElementSibling?.matches(".conflict")) form.nextElementSibling.remove();
}

function leave(form, path, message) {
  markSaved(form);
  return redirect(path, message);
}

function isDone(form, theirs) {
  const sent = form.elements.body?.value;
  if (form.dataset.method === "DELETE") return false;
  return form.dataset.method === "PATCH" ? isPatched(theirs.text, sent) : isSameItem(theirs.text, sent);
}

function reason(form, theirs, refusal) {
  // The item has too many attributes for a condition: see docs/writes.md.
  if (theirs?.etag === form.dataset.ifMatch) return refusal;
  const happened = theirs ? "changed" : "deleted";
  return mayBeOwnWrite(form.dataset.item)
    ? `This item was ${happened} after you opened it: by an earlier try of yours, or by somebody else.`
    : `Somebody ${happened} this item after you opened it.`;
}

function showConflict(form, theirs, message) {
  const panel = document.getElementById("conflict").content.firstElementChild.cloneNode(true);
  const part = (name) => panel.querySelector(`[data-${name}]`);
  part("message").textContent = message;
  if (theirs) {
    part("etag").textContent = theirs.etag;
    part("stored").textContent = theirs.text;
  } else {
    part("theirs").remove();
  }
  showDifference(form, theirs, part("difference"));
  offerToInsist(form, part("insist"), theirs);
  part("give-up").textContent = theirs ? "Give mine up and show theirs" : "Give mine up";
  part("give-up").href = theirs ? form.dataset.item : "/picus/list";
  part("give-up").addEventListener("click", () => markSaved(form));
  form.after(panel);
  panel.focus();
  return false;
}

// Shows how mine differs from theirs; for a patch and a deletion, how theirs differs from the item on this page.
function showDifference(form, theirs, place) {
  const isReplacement = form.dataset.method === "PUT";
  const opened = document.getElementById("item").textContent;
  try {
    const [before, after] = isReplacement ? [theirs.text, form.elements.body.value] : [opened, theirs.text];
    // Without the commas, the line before a new last line is the same.
    const readable = (text) => formatWithoutKey(text, { sorted: true }).replace(/,$/gm, "");
    const lines = diffLines(readable(before), readable(after));
    if (lines.every(([sign]) => sign === " ")) return place.remove();
    const [minus, plus] = isReplacement ? ["theirs", "mine"] : ["when you opened it", "now"];
    place.querySelector("[data-title]").textContent = `The difference (− ${minus}, + ${plus}):`;
    return place.querySelector("pre").append(...lines.map(differentLine));
  } catch {
    // There is no stored item, or my text is no JSON.
    return place.remove();
  }
}

function differentLine([sign, line]) {
  const element = document.createElement({ "-": "del", "+": "ins", " ": "span" }[sign]);
  element.textContent = `${sign === "-" ? "−" : sign} ${escapeBidi(line)}\n`;
  return element;
}

// The button sends the same write again, on the condition that the item is the one shown in the panel.
function offerToInsist(form, button, theirs) {
  const label = theirs ? form.dataset.insist : form.dataset.again;
  if (!label) return button.remove();
  button.textContent = label;
  button.addEventListener("click", () => {
    const unguardable = theirs?.etag === form.dataset.ifMatch;
    form.dataset.ifMatch = theirs && !unguardable ? theirs.etag : "";
    form.dataset.ifNoneMatch = theirs ? "" : "*";
    forgetWrite(form.dataset.item);
    // The panel with this button goes away, and the focus must not go with it.
    form.querySelector("[type=submit]").focus();
    form.requestSubmit();
  });
}
