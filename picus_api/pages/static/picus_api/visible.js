// Controls of the writing direction, which show what is around them in another order, as the service's own pages show them.
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function visible(text) {
  return text.replace(DIRECTIONS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
