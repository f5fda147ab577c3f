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
  for (const link of document.querySelectorAll("a[data-list]")) link.search = new URLSearchParams({ fields });
}

function rememberedColumns() {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null;
  }
}
