// The control characters of Unicode's bidirectional algorithm change the order of the text around them.
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

// Returns the text with these characters escaped, as the service's own pages show them. JSON text stays equal JSON.
export function escapeBidi(text) {
  return text.replace(BIDI_CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
