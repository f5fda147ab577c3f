// What one page leaves for the next one to say. A browser that stores nothing says nothing.

export function leave(text) {
  try {
    sessionStorage.setItem("said", text);
  } catch {}
}

export function take() {
  try {
    const text = sessionStorage.getItem("said");
    sessionStorage.removeItem("said");
    return text;
  } catch {
    return null;
  }
}
