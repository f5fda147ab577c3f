// The request of a form, for the form itself and for its curl line.

// Returns method, path, header fields and body.
export function formRequest(form) {
  const { method, path, type, ifMatch, ifNoneMatch } = form.dataset;
  const body = form.elements.body?.value;
  const key = chosenKey(form);
  if (!key) return { method, path, headers: headerFields(type, ifMatch, ifNoneMatch), body };
  return { method: "PUT", path: `${path}/${encodeURIComponent(key)}`, headers: headerFields(type, "", "*"), body };
}

export function chosenKey(form) {
  return form.elements.key?.value;
}

function headerFields(type, ifMatch, ifNoneMatch) {
  const fields = { "If-Match": ifMatch, "If-None-Match": ifNoneMatch, "Content-Type": type };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}
