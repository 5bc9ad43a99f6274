// Changes one value inside the text of a JSON file and leaves every other character as the person wrote it: order,
// indentation, line breaks, one-line objects. Pure: text in, text out. Written here because jsonc-parser's `modify`
// costs the window 6 kB (gzip) and reformats whole lines around its edit.

export type Path = readonly (string | number)[];
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Entry {
  /** Of a member of an object. */
  readonly key?: string;
  /** Where the member or element begins; for a member that is its key. */
  readonly from: number;
  readonly node: Node;
}
/** A value and where it stands: `text.slice(from, to)`. */
interface Node {
  readonly kind: 'object' | 'list' | 'value';
  readonly from: number;
  readonly to: number;
  readonly entries: readonly Entry[];
}

/** The value of the text; undefined when it is no JSON. A byte order mark is no part of it. */
export function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as Json;
  } catch {
    return undefined;
  }
}

/** The tree of a text that JSON.parse accepts; for anything else the answer means nothing. */
export function treeOf(text: string): Node {
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  const space = /\s*/y;
  const scalar = /"(?:[^"\\]|\\.)*"|[^\s,\]}]+/y;
  const skip = () => {
    space.lastIndex = at;
    space.exec(text);
    at = space.lastIndex;
  };
  const token = () => {
    scalar.lastIndex = at;
    const found = scalar.exec(text)?.[0] ?? '';
    at += found.length || 1;
    return found;
  };
  const read = (): Node => {
    skip();
    const from = at;
    const open = text[at];
    if (open !== '{' && open !== '[') {
      token();
      return { kind: 'value', from, to: at, entries: [] };
    }
    const entries: Entry[] = [];
    at += 1;
    for (skip(); at < text.length && text[at] !== '}' && text[at] !== ']'; skip()) {
      if (text[at] === ',') at += 1;
      skip();
      const start = at;
      if (open === '[') entries.push({ from: start, node: read() });
      else {
        const key = JSON.parse(token()) as string;
        skip();
        at += 1;
        entries.push({ key, from: start, node: read() });
      }
    }
    at += 1;
    return { kind: open === '{' ? 'object' : 'list', from, to: at, entries };
  };
  return read();
}

/** Of a key that stands twice, JSON.parse takes the last. */
function indexOf(node: Node, step: string | number): number {
  if (typeof step === 'number') return node.kind === 'list' && step < node.entries.length ? step : -1;
  return node.kind === 'object' ? node.entries.findLastIndex(({ key }) => key === step) : -1;
}

/** The node at `path`; undefined where there is none. */
export function nodeAt(root: Node, path: Path): Node | undefined {
  let node: Node | undefined = root;
  for (const step of path) node = node?.entries[indexOf(node, step)]?.node;
  return node;
}

/** How this text is written, so that what comes new is written alike. */
interface Style {
  readonly unit: string;
  readonly eol: string;
  readonly colon: string;
  readonly comma: string;
  readonly shortObjects: boolean;
  readonly shortLists: boolean;
}
function styleOf(text: string): Style {
  const isTight = !text.trim().includes('\n') && /":\S/.test(text);
  return {
    unit: /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ',
    eol: text.includes('\r\n') ? '\r\n' : '\n',
    colon: isTight ? ':' : ': ',
    comma: isTight ? ',' : ', ',
    shortObjects: /\{[ \t]*"/.test(text),
    shortLists: /\[[ \t]*[^\s[{\]]/.test(text),
  };
}

const SHORT = 80;
function write(value: Json, style: Style, indent: string, isInline: boolean): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const isList = Array.isArray(value);
  const parts = (isList ? value.map((item) => ['', item] as const) : Object.entries(value)).map(
    ([key, item]) => [isList ? '' : JSON.stringify(key) + style.colon, item] as const,
  );
  const [open, close] = isList ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  const all = (deeper: string, inline: boolean) => parts.map(([key, item]) => key + write(item, style, deeper, inline));
  const pad = isList || style.comma === ',' ? '' : ' ';
  const line = open + pad + all('', true).join(style.comma) + pad + close;
  const isFlat = parts.every(([, item]) => item === null || typeof item !== 'object');
  if (isInline || (isFlat && line.length <= SHORT && (isList ? style.shortLists : style.shortObjects))) return line;
  const deeper = indent + style.unit;
  return `${open}${style.eol}${all(deeper, false)
    .map((part) => deeper + part)
    .join(`,${style.eol}`)}${style.eol}${indent}${close}`;
}

/** Leading space of the line on which `at` stands. */
function indentAt(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', at - 1) + 1))?.[0] ?? '';
}

type Written = (indent: string, isInline: boolean) => string;
/** Puts what `written` gives at `path`; what is missing on the way is made, what is in the way is replaced. */
function put(text: string, path: Path, written: Written, style: Style): string {
  let node = treeOf(text);
  for (const [depth, step] of path.entries()) {
    const next = node.entries[indexOf(node, step)]?.node;
    if (next) {
      node = next;
      continue;
    }
    const isFitting = node.kind === (typeof step === 'number' ? 'list' : 'object');
    const rest = path.slice(depth + 1);
    const nested: Written = rest.length === 0 ? written : (indent, inline) => wrap(rest, written, style, indent, inline);
    return isFitting ? insert(text, node, step, nested, style) : splice(text, node, wrap(path.slice(depth), written, style, '', false));
  }
  return splice(text, node, written(indentAt(text, node.from), !text.slice(node.from, node.to).includes('\n') && node.entries.length > 0));
}

function splice(text: string, { from, to }: { from: number; to: number }, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

/** `written` inside of new objects and lists, one for each step. */
function wrap([step, ...rest]: Path, written: Written, style: Style, indent: string, isInline: boolean): string {
  if (step === undefined) return written(indent, isInline);
  const isList = typeof step === 'number';
  const key = isList ? '' : JSON.stringify(step) + style.colon;
  const flat = wrap(rest, written, style, indent, true);
  const pad = isList || style.comma === ',' ? '' : ' ';
  const [open, close] = isList ? '[]' : '{}';
  if (isInline || ((isList ? style.shortLists : style.shortObjects) && flat.length <= SHORT && !flat.startsWith('{'))) {
    return open + pad + key + flat + pad + close;
  }
  const deeper = indent + style.unit;
  return `${open}${style.eol}${deeper}${key}${wrap(rest, written, style, deeper, false)}${style.eol}${indent}${close}`;
}

function insert(text: string, node: Node, step: string | number, written: Written, style: Style): string {
  const last = node.entries.at(-1);
  // An empty one has no style of its own.
  if (!last) return splice(text, node, wrap([step], written, style, indentAt(text, node.from), style.comma === ','));
  const key = typeof step === 'number' ? '' : JSON.stringify(step) + style.colon;
  const before = text.slice(node.entries.at(-2)?.node.to ?? node.from + 1, last.from);
  if (!before.includes('\n')) return splice(text, { from: last.node.to, to: last.node.to }, style.comma + key + written('', true));
  const indent = indentAt(text, last.from);
  return splice(text, { from: last.node.to, to: last.node.to }, `,${style.eol}${indent}${key}${written(indent, false)}`);
}

/** The text with `value` at `path`. A number one past the end of a list appends to it. */
export function setAt(text: string, path: Path, value: Json): string {
  const style = styleOf(text);
  return put(text, path, (indent, isInline) => write(value, style, indent, isInline), style);
}

/** The text without what stands at `path`; unchanged where nothing does. */
export function removeAt(text: string, path: Path): string {
  const parent = nodeAt(treeOf(text), path.slice(0, -1));
  const index = parent ? indexOf(parent, path.at(-1) ?? -1) : -1;
  const entry = parent?.entries[index];
  if (!parent || !entry) return text;
  const before = parent.entries[index - 1];
  const after = parent.entries[index + 1];
  if (before) return splice(text, { from: before.node.to, to: entry.node.to }, '');
  if (after) return splice(text, { from: entry.from, to: after.from }, '');
  return splice(text, { from: parent.from + 1, to: parent.to - 1 }, '');
}

/** Appends what stands at `from`, as it is written there, to the list at `to`, and removes it from its own. */
export function moveTo(text: string, from: Path, to: Path): string {
  const root = treeOf(text);
  const node = nodeAt(root, from);
  if (!node) return text;
  const raw = text.slice(node.from, node.to);
  const old = indentAt(text, node.from);
  const isAlone = nodeAt(root, from.slice(0, -1))?.entries.length === 1;
  const left = removeAt(text, isAlone ? from.slice(0, -1) : from);
  const end = nodeAt(treeOf(left), to)?.entries.length ?? 0;
  return put(left, [...to, end], (indent) => raw.replaceAll(`\n${old}`, `\n${indent}`), styleOf(text));
}
