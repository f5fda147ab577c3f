// What a form says, and what one page leaves for the next one to say. A browser that stores nothing says nothing.
import { visible } from "./visible.js";

// Beside the form; as a link where there is a path.
export function say(form, text, path) {
  const place = form.querySelector("[role=alert]");
  place.textContent = path ? "" : visible(text);
  if (path) place.append(link(path, visible(text)));
}

function link(path, text) {
  const element = document.createElement("a");
  element.href = path;
  element.textContent = text;
  return element;
}

export function goOn(path, text) {
  try {
    sessionStorage.setItem("said", text);
  } catch {}
  window.location.assign(path);
  return true;
}

export function take() {
  try {
    const text = sessionStorage.getItem("said");
    sessionStorage.removeItem("said");
    return text && visible(text);
  } catch {
    return null;
  }
}
