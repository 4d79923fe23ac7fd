// The data of a znode: bytes, and what a person sees of them.

// fromBase64 gives the bytes, null for null.
export function fromBase64(text) {
  if (text === null || text === undefined) return null;
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export function toBase64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(text);
}

export const encode = (text) => new TextEncoder().encode(text);

// asText is the text that the bytes are in UTF-8; null if they are none that a person could read.
// A character at the very end may be cut, where not all bytes are here.
export function asText(bytes, whole) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(bytes, { stream: !whole });
    // eslint-disable-next-line no-control-regex
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

// asJSON is the same JSON with a line for each value, null if the text is none. The tokens stay as
// they are: to read and write them would change numbers that no double holds.
export function asJSON(text) {
  if (text === null || !/^\s*[[{]/.test(text)) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  tokens.forEach((token, i) => {
    const before = tokens[i - 1];
    if (token === '}' || token === ']') {
      depth--;
      out += (before === '{' || before === '[' ? '' : line()) + token;
      return;
    }
    if (before === '{' || before === '[' || before === ',') out += line();
    out += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth++;
  });
  return out;
}

// hexBytesMax are shown in hexadecimal at most.
export const hexBytesMax = 64 * 1024;

// asHex shows bytes as od does: place, 16 bytes, and what of them is ASCII.
export function asHex(bytes) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, hexBytesMax); at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const digits = part.map((b) => b.toString(16).padStart(2, '0'));
    const half = `${digits.slice(0, 8).join(' ').padEnd(23)}  ${digits.slice(8).join(' ').padEnd(23)}`;
    const ascii = part.map((b) => (b > 31 && b < 127 ? String.fromCharCode(b) : '·')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${half}  ${ascii}`);
  }
  return lines.join('\n');
}
