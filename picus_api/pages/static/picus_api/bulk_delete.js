// Delete selected items, each by the public DELETE, and only as this page shows it (If-Match).
import { readMessage, send } from "./api.js";
import { escapeBidi } from "./escape_bidi.js";

const AT_ONCE = 4;

const place = document.getElementById("deletion");
const stop = place?.querySelector("[data-stop]");

// Deletes the items of these checkboxes, and removes their rows. Items that remain stay selected, each with a reason.
export async function deleteItems(boxes) {
  const waiting = [...boxes];
  const result = { deleted: 0, failed: 0 };
  place.querySelector(".failures").replaceChildren();
  place.hidden = false;
  stop.hidden = false;
  stop.onclick = () => waiting.splice(0);
  place.focus();
  const work = async () => {
    for (let box = waiting.shift(); box; box = waiting.shift()) {
      show(result, boxes.length);
      await deleteItem(box, result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  stop.hidden = true;
  show(result, boxes.length);
}

async function deleteItem(box, result) {
  const reason = await tryToDelete(box);
  if (reason) {
    result.failed += 1;
    return explain(box, reason);
  }
  result.deleted += 1;
  return box.closest("[data-row]").remove();
}

// Returns why the item is not deleted, or null if it is gone.
async function tryToDelete({ dataset }) {
  const headers = { "If-Match": dataset.etag };
  try {
    const response = await send({ method: "DELETE", path: `/picus/${dataset.select}`, headers });
    if (response.ok || response.status === 404) return null;
    const { text, isUnclear } = await readMessage(response);
    if (response.status === 412) return await explainRefusal(dataset, text);
    return isUnclear ? `${text} Check whether it is deleted.` : text;
  } catch (error) {
    return `No response came (${error.message}). Check whether it is deleted.`;
  }
}

// An item that is gone does not meet If-Match either.
async function explainRefusal({ select, etag }, text) {
  const response = await fetch(`/picus/get/${select}`, { method: "HEAD", headers: { Accept: "application/json" } });
  if (response.status === 404) return null;
  const current = response.headers.get("ETag")?.replace("W/", "");
  return current === etag ? text : "Somebody changed it after this page was loaded.";
}

function explain(box, reason) {
  const row = document.createElement("li");
  row.append(box.closest("[data-row]").querySelector("a, b").cloneNode(true), `: ${escapeBidi(reason)}`);
  place.querySelector(".failures").append(row);
}

function show({ deleted, failed }, all) {
  const progress = place.querySelector("progress");
  progress.max = all;
  progress.value = deleted + failed;
  const kept = failed ? `, ${failed} not deleted` : "";
  place.querySelector("[data-done]").textContent = `${deleted} of ${all} deleted${kept}.`;
}
