// The lines in which two texts differ.

// More pairs of lines than this are not compared: then the whole middle counts as changed.
const MAX_PAIRS = 4_000_000;

// Returns [sign, line] for each line: " " in both texts, "-" in the first only, "+" in the second only.
export function diffLines(first, second) {
  const one = first.split("\n");
  const other = second.split("\n");
  const start = commonStart(one, other);
  const end = commonStart(one.slice(start).reverse(), other.slice(start).reverse());
  const middle = diffMiddle(one.slice(start, one.length - end), other.slice(start, other.length - end));
  const same = (lines) => lines.map((line) => [" ", line]);
  return [...same(one.slice(0, start)), ...middle, ...same(one.slice(one.length - end))];
}

function commonStart(one, other) {
  const index = one.findIndex((line, at) => line !== other[at]);
  return index < 0 ? one.length : index;
}

// By the longest common subsequence.
function diffMiddle(one, other) {
  if (one.length * other.length > MAX_PAIRS) return [...one.map((line) => ["-", line]), ...other.map((line) => ["+", line])];
  const width = other.length + 1;
  const lengths = new Uint32Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      lengths[at] = one[i] === other[j] ? lengths[at + width + 1] + 1 : Math.max(lengths[at + width], lengths[at + 1]);
    }
  }
  const lines = [];
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    const at = i * width + j;
    if (i < one.length && j < other.length && one[i] === other[j]) {
      lines.push([" ", one[i]]);
      i += 1;
      j += 1;
    }
    else if (j >= other.length || (i < one.length && lengths[at + width] >= lengths[at + 1])) lines.push(["-", one[i++]]);
    else lines.push(["+", other[j++]]);
  }
  return lines;
}
