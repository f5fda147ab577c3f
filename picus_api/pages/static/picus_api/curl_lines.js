// The curl line of a form is the request that the form would send now.
import { escapeBidi } from "./escape_bidi.js";
import { formRequest } from "./form_request.js";

// Linux accepts 131,072 bytes in one argument (MAX_ARG_STRLEN). A character takes 3 bytes of UTF-8 at most.
const LONGEST_BODY = 40_000;

for (const form of document.querySelectorAll("form[data-method]")) showCurlLine(form);

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-method]");
  if (form) showCurlLine(form);
});

function showCurlLine(form) {
  form.querySelector(".curl code").textContent = curlLine(formRequest(form));
}

// Returns the curl line of a request.
export function curlLine({ method, path, headers, body }) {
  const options = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  // Nobody sees the token of a signed-in browser again, so the line takes it from the shell.
  if (document.querySelector("[data-signed-in]")) options.unshift('-H "Authorization: Bearer $PICUS_TOKEN"');
  if (!["GET", "POST"].includes(method)) options.unshift(`-X ${method}`);
  // Unlike --data-binary, --data-raw sends an @ at the start as it is.
  if (body?.length > LONGEST_BODY) options.push("--data-binary @item.json");
  else if (body !== undefined) options.push(`--data-raw ${quoted(escapeBidi(body))}`);
  return ["curl", ...options, quoted(window.location.origin + path)].join(" ");
}

// Returns the text as one word of a POSIX shell.
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
