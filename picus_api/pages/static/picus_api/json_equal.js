// Compare JSON texts. Numbers are compared as decimals, because JavaScript would round them.

// Returns true if the sent text is the item. The sent text may have the item's key or not.
export function isSameItem(item, sent) {
  return equal(withoutKey(parse(item)), withoutKey(parse(sent)));
}

// Returns true if a JSON Merge Patch (RFC 7396) would change nothing in the item.
export function isPatched(item, patch) {
  return contains(parse(item), parse(patch));
}

function contains(value, patch) {
  if (!isObject(patch)) return equal(value, patch);
  const isApplied = ([name, wanted]) => (wanted === null ? !Object.hasOwn(value, name) : contains(value[name], wanted));
  return isObject(value) && Object.entries(patch).every(isApplied);
}

function equal(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// Strings and names get the prefix "s", numbers become strings with the prefix "n", and names are sorted.
function parse(text) {
  const marked = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? `"s${token.slice(1)}` : `"n${decimal(token)}"`,
  );
  return JSON.parse(marked, (_, value) => (isObject(value) ? Object.fromEntries(Object.entries(value).sort(byName)) : value));
}

function byName([one], [other]) {
  return one < other ? -1 : 1;
}

// Returns one form for equal numbers: 1.10, 11e-1 and 0.11E+1 are 11e-1.
function decimal(token) {
  const [, sign, whole, fraction = "", exponent = 0] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token);
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  return significant && `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

function withoutKey({ sobject_id, ...others }) {
  return others;
}
