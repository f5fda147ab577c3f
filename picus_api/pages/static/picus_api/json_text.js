// Read JSON as text. Numbers are never parsed, because JavaScript would round them.

const MAX_LEVELS = 100;
const SPACE = /[ \t\n\r]*/y;
const SCALAR = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;

// An error in a JSON text, and its position.
export class JsonError extends Error {
  constructor(message, position) {
    super(message);
    this.position = position;
  }
}

// Returns the root of a tree: {start, text} for a scalar, {start, members: [[name token, node]]} or {start, elements}.
export function parseJson(text) {
  const reader = new Reader(text);
  const root = reader.value(0);
  if (reader.at < text.length) throw new JsonError("The JSON text ends before this character.", reader.at);
  return root;
}

// Returns equal JSON over several lines. "sorted" sorts the names of objects.
export function formatJson(text, { sorted = false } = {}) {
  return written(parseJson(text), "", sorted);
}

// Returns the position of a value, by a JSON Pointer (RFC 6901). Returns null if the text has no such value.
export function positionOf(text, pointer) {
  const steps = pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const next = (node, step) =>
    node?.members ? node.members.find(([name]) => JSON.parse(name) === step)?.[1] : node?.elements?.[step];
  try {
    return steps.reduce(next, parseJson(text))?.start ?? null;
  } catch {
    return null;
  }
}

// Returns an item without its key, over several lines.
export function formatWithoutKey(item, { sorted = false } = {}) {
  const { members = [] } = parseJson(item);
  return written({ members: members.filter(([name]) => JSON.parse(name) !== "object_id") }, "", sorted);
}

function written(node, indent, sorted) {
  if (node.text !== undefined) return node.text;
  const inner = `${indent}  `;
  const members = sorted ? node.members && [...node.members].sort(([one], [other]) => (one < other ? -1 : 1)) : node.members;
  const lines = members
    ? members.map(([name, value]) => `${inner}${name}: ${written(value, inner, sorted)}`)
    : node.elements.map((value) => `${inner}${written(value, inner, sorted)}`);
  const [open, close] = members ? "{}" : "[]";
  return lines.length ? `${open}\n${lines.join(",\n")}\n${indent}${close}` : open + close;
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.skip(SPACE);
  }

  value(level) {
    const start = this.at;
    if (level > MAX_LEVELS) throw new JsonError("There are too many levels.", start);
    if (this.take("{")) return { start, members: this.members(level) };
    if (this.take("[")) return { start, elements: this.elements(level) };
    const text = this.skip(SCALAR);
    if (!text) throw new JsonError(this.explain(), start);
    this.skip(SPACE);
    return { start, text };
  }

  members(level) {
    const members = [];
    const names = new Set();
    if (this.take("}")) return members;
    do {
      const start = this.at;
      const name = this.text[start] === '"' && this.skip(SCALAR);
      if (!name) throw new JsonError(this.text[start] === '"' ? this.explain() : "A name in double quotes is expected here.", start);
      if (names.has(JSON.parse(name))) throw new JsonError(`The name ${name} is given twice.`, start);
      names.add(JSON.parse(name));
      this.skip(SPACE);
      this.expect(":", "A colon is expected here.");
      members.push([name, this.value(level + 1)]);
    } while (this.take(","));
    this.expect("}", 'A comma or "}" is expected here.');
    return members;
  }

  elements(level) {
    const elements = [];
    if (this.take("]")) return elements;
    do elements.push(this.value(level + 1));
    while (this.take(","));
    this.expect("]", 'A comma or "]" is expected here.');
    return elements;
  }

  explain() {
    const character = this.text[this.at];
    if (character === undefined) return "The text ends too early.";
    if (character === '"') return "This text has no end, or a character that JSON does not allow.";
    return /[\d.+-]/.test(character) ? "This is not a number of JSON." : "A value is expected here.";
  }

  expect(character, message) {
    if (!this.take(character)) throw new JsonError(this.at < this.text.length ? message : "The text ends too early.", this.at);
  }

  take(character) {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    this.skip(SPACE);
    return true;
  }

  skip(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }
}
