// How many items there are: an estimate, which costs next to nothing, and the exact number on demand.
const place = document.getElementById("count");
if (place) showEstimate();

async function showEstimate() {
  const { total } = await count(place.dataset.estimate, "count=estimated");
  // A service without counts leaves the place empty.
  if (total === null) return;
  show(`About ${grouped(total)} ${total === "1" ? "item" : "items"} in the table.`);
  place.hidden = false;
  const button = place.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", () => showExact(button));
}

async function showExact(button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", true);
  show("Counting…");
  const { total, cost } = await count(place.dataset.exact, "count=exact, consumed-capacity");
  button.setAttribute("aria-disabled", false);
  if (total === null) return show("Counting takes too long here: use ./picus count_items.");
  const matching = place.dataset.filtered ? " match the filter" : "";
  show(`${grouped(total)} ${total === "1" ? "item" : "items"}${matching}${cost ? `, counted with ${cost} capacity units` : ""}.`);
}

async function count(path, preferences) {
  try {
    const response = await fetch(path, { headers: { Accept: "application/json", Prefer: preferences } });
    const { headers } = response;
    return { total: response.ok ? headers.get("Picus-Total-Count") : null, cost: headers.get("Picus-Consumed-Capacity") };
  } catch {
    return { total: null };
  }
}

function show(text) {
  place.querySelector("[role=status]").textContent = text;
}

function grouped(digits) {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ",");
}
