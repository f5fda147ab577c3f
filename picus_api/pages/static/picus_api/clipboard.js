// Copy text, where the page may: it needs TLS or localhost, and the browser's permission.

// Returns true if the text is in the clipboard.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
