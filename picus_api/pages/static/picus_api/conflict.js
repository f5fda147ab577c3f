// A write that was refused because the item is no longer what this page shows: what it is now, and the ways on.
import { currentItem } from "./api.js";
import { isPatched, isSame } from "./exact.js";
import { goOn, say } from "./said.js";
import { forget, isPerhapsMine } from "./tries.js";

// True when nothing is left to do, and the page that shows it is on its way.
export async function explainRefusal(form, refusal, path) {
  const { method, item, then } = form.dataset;
  const mine = isPerhapsMine(path);
  if (!item && !mine) return say(form, refusal, path);
  const nothing = `${mine ? "This time nothing" : "Nothing of yours"} was written`;
  const unknown = `${nothing}: the item has changed. What it is now does not arrive at the moment.`;
  const theirs = await currentItem(path).catch(() => undefined);
  if (theirs === undefined) return say(form, unknown);
  if (!theirs && method === "DELETE") return goOn(then, "It is gone already: it was deleted after you opened it.");
  if (mine && theirs && isDone(form, theirs)) return goOn(path, "It is written already: the item is as you sent it.");
  if (!item) return say(form, `${refusal}, perhaps by an earlier try of yours`, path);
  showConflict(form, theirs, `${nothing}. ${reason(form, theirs, refusal)}`);
}

export function hideConflict(form) {
  if (form.nextElementSibling?.matches(".conflict")) form.nextElementSibling.remove();
}

function isDone(form, theirs) {
  const sent = form.elements.body?.value;
  if (form.dataset.method === "DELETE") return false;
  return form.dataset.method === "PATCH" ? isPatched(theirs.text, sent) : isSame(theirs.text, sent);
}

function reason(form, theirs, refusal) {
  // A row too wide to be guarded: see docs/writes.md.
  if (theirs?.etag === form.dataset.ifMatch) return refusal;
  const happened = theirs ? "changed" : "deleted";
  return isPerhapsMine(form.dataset.item)
    ? `This item was ${happened} after you opened it: by an earlier try of yours, or by somebody else.`
    : `Somebody ${happened} this item after you opened it.`;
}

function showConflict(form, theirs, sentence) {
  const panel = document.getElementById("conflict").content.firstElementChild.cloneNode(true);
  const part = (name) => panel.querySelector(`[data-${name}]`);
  part("sentence").textContent = sentence;
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

// The same write once more, on the condition that it meets what is shown now.
function offerToInsist(form, button, theirs) {
  const label = theirs ? form.dataset.insist : form.dataset.again;
  if (!label) return button.remove();
  button.textContent = label;
  button.addEventListener("click", () => {
    const unguardable = theirs?.etag === form.dataset.ifMatch;
    form.dataset.ifMatch = theirs && !unguardable ? theirs.etag : "";
    form.dataset.ifNoneMatch = theirs ? "" : "*";
    forget(form.dataset.item);
    form.requestSubmit();
  });
}
