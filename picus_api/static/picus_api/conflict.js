// A write that was refused because the item is no longer what this page shows: what it is now, and the ways on.
import { currentItem, sentence } from "./api.js";

export async function showConflict(form, response) {
  const refusal = await sentence(response);
  const theirs = await currentItem(form.dataset.item);
  const panel = document.getElementById("conflict").content.firstElementChild.cloneNode(true);
  const part = (name) => panel.querySelector(`[data-${name}]`);
  part("sentence").textContent = `Nothing of yours was written. ${reason(form, theirs, refusal)}`;
  if (theirs) {
    part("etag").textContent = theirs.etag;
    panel.querySelector("pre").textContent = theirs.text;
  } else {
    part("theirs").remove();
  }
  offerToInsist(form, part("insist"), theirs);
  part("give-up").textContent = theirs ? "Give mine up and show theirs" : "Give mine up";
  part("give-up").href = theirs ? form.dataset.item : "/picus/list";
  form.after(panel);
  panel.focus();
}

export function hideConflict(form) {
  if (form.nextElementSibling?.matches(".conflict")) form.nextElementSibling.remove();
}

function reason(form, theirs, refusal) {
  if (!theirs) return "Somebody deleted this item after you opened it.";
  // A row too wide to be guarded: see docs/writes.md.
  if (theirs.etag === form.dataset.ifMatch) return refusal;
  return "Somebody changed this item after you opened it.";
}

// The same write once more, on the condition that it meets what is shown now.
function offerToInsist(form, button, theirs) {
  const label = theirs ? form.dataset.insist : form.dataset.again;
  if (!label) return button.remove();
  button.textContent = label;
  button.addEventListener("click", () => {
    const unguardable = theirs?.etag === form.dataset.ifMatch;
    form.dataset.ifMatch = theirs && !unguardable ? theirs.etag : "";
    form.dataset.ifNoneMatch = theirs ? "" : "*";
    form.requestSubmit();
  });
}
