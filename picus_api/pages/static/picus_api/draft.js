// The text of an item that is to be duplicated, for the page with the form that creates.
const NAME = "picus.draft";

// Opens the form with this text. Returns false if the browser has no session storage, or if it is full.
export function openDraft(path, text) {
  try {
    sessionStorage.setItem(NAME, text);
  } catch {
    return false;
  }
  window.location.assign(path);
  return true;
}

// Returns the text once, or null.
export function takeDraft() {
  try {
    const text = sessionStorage.getItem(NAME);
    sessionStorage.removeItem(NAME);
    return text;
  } catch {
    return null;
  }
}
