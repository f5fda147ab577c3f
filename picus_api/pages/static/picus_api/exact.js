// Whether JSON texts mean the same. Numbers are compared as the decimals they are written as: JavaScript's own would be rounded.

// The item and what was sent in its place, in which its key may stand or not.
export function isSame(item, sent) {
  return equal(withoutKey(parse(item)), withoutKey(parse(sent)));
}

// The item and a JSON Merge Patch (RFC 7396): whether it would change nothing.
export function isPatched(item, patch) {
  return holds(parse(item), parse(patch));
}

function holds(value, patch) {
  if (!isObject(patch)) return equal(value, patch);
  const held = ([name, wanted]) => (wanted === null ? !Object.hasOwn(value, name) : holds(value[name], wanted));
  return isObject(value) && Object.entries(patch).every(held);
}

function equal(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// Strings, names too, get an "s" before them and numbers become strings with an "n"; names come in one order.
function parse(text) {
  const marked = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? `"s${token.slice(1)}` : `"n${decimal(token)}"`,
  );
  return JSON.parse(marked, (_, value) => (isObject(value) ? Object.fromEntries(Object.entries(value).sort(byName)) : value));
}

function byName([one], [other]) {
  return one < other ? -1 : 1;
}

// 1.10, 11e-1 and 0.11E+1 are all 11e-1.
function decimal(token) {
  const [, sign, whole, fraction = "", exponent = 0] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token);
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  return significant && `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

function withoutKey({ sobject_id, ...others }) {
  return others;
}
