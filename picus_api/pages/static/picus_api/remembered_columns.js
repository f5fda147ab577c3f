// The columns that the user chose last. They are lost if the browser has no local storage.
const NAME = "picus.columns";

export function rememberColumns(fields) {
  try {
    if (fields) localStorage.setItem(NAME, fields);
    else localStorage.removeItem(NAME);
  } catch {}
}

// Makes the links to the whole list show these columns.
export function addColumnsToLinks() {
  const fields = rememberedColumns();
  if (!fields) return;
  const query = new URLSearchParams({ fields });
  for (const link of document.querySelectorAll("a[data-list]")) link.search = query;
  // After a deletion the list opens as well.
  for (const form of document.querySelectorAll("form[data-method=DELETE]")) form.dataset.then += `?${query}`;
}

function rememberedColumns() {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null;
  }
}
