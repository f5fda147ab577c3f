// Messages that one page leaves for the next page. They are lost if the browser has no session storage.
import { escapeBidi } from "./escape_bidi.js";

const NAME = "flash";

// Leaves a message and opens a page. Returns true: the caller has nothing left to do.
export function redirect(path, message) {
  try {
    sessionStorage.setItem(NAME, message);
  } catch {}
  window.location.assign(path);
  return true;
}

// Shows the message of the page before, once.
export function showFlash() {
  const message = takeFlash();
  place().hidden = !message;
  place().textContent = message && escapeBidi(message);
}

// Hides the message: what happens next must not appear beside it.
export function hideFlash() {
  place().hidden = true;
}

function place() {
  return document.getElementById("flash");
}

function takeFlash() {
  try {
    const message = sessionStorage.getItem(NAME);
    sessionStorage.removeItem(NAME);
    return message;
  } catch {
    return null;
  }
}
