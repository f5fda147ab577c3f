// The link to the previous page. A cursor leads forwards only, so this tab remembers the page before each page.
const NAME = "picus.pages";
const MAX_PAGES = 200;

const here = window.location.pathname + window.location.search;
const link = document.getElementById("previous");
const previous = new Map(visited()).get(here);
if (link && previous) {
  link.href = previous;
  link.hidden = false;
}

document.querySelector("a[rel=next]")?.addEventListener("click", ({ currentTarget }) => {
  const next = currentTarget.pathname + currentTarget.search;
  const others = visited().filter(([page]) => page !== next);
  try {
    sessionStorage.setItem(NAME, JSON.stringify([...others, [next, here]].slice(-MAX_PAGES)));
  } catch {}
});

// Returns pairs of a page and the page before it.
function visited() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME)) ?? [];
  } catch {
    return [];
  }
}
