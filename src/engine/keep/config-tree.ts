// The text of a configuration as a tree with positions: strict JSON (no comments, no trailing commas, no key twice),
// and where in the file a path or a key stands. Pure; touches nothing.
import { createScanner, getLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

export type Path = readonly PropertyKey[];
/** What stands where: `offset` counts UTF-16 units from the start of the text. */
export interface Finding {
  readonly path: Path;
  readonly offset: number;
  readonly found: string;
  readonly allowed: string;
  readonly nearest?: string | undefined;
}
export type Tree = { readonly root: Node; readonly value: unknown } | { readonly broken: Finding };

const MAX_DEPTH = 64;
// jsonc-parser's kinds are const enums, which erasable TypeScript can't import.
const VALUE_EXPECTED: ParseError['error'] = 4;
const TOKEN = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 } as const;

/** Parses strict JSON. What JSON.parse would refuse comes back as the one finding that explains it. */
export function readTree(text: string): Tree {
  const tooDeep = whereTooDeep(text);
  if (tooDeep !== undefined) {
    return {
      broken: { path: [], offset: tooDeep, found: `more than ${MAX_DEPTH} levels of brackets`, allowed: `at most ${MAX_DEPTH} levels` },
    };
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const first = errors.toSorted((a, b) => a.offset - b.offset)[0];
  if (first || !root) return { broken: explain(text, first ?? { error: VALUE_EXPECTED, offset: 0, length: 0 }) };
  try {
    // Not getNodeValue: it assigns keys, and `__proto__` would vanish.
    return { root, value: JSON.parse(text) };
  } catch (error) {
    return { broken: { path: [], offset: 0, found: `broken JSON (${(error as Error).message})`, allowed: 'valid JSON' } };
  }
}

/** Both parsers recurse; a file of brackets alone must not end the engine. */
function whereTooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let kind: number = scanner.scan(); kind !== TOKEN.end; kind = scanner.scan()) {
    if (kind === TOKEN.openBrace || kind === TOKEN.openBracket) depth += 1;
    if (kind === TOKEN.closeBrace || kind === TOKEN.closeBracket) depth -= 1;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  }
  return undefined;
}

function explain(text: string, { error, offset, length }: ParseError): Finding {
  const before = text.slice(0, offset).trimEnd();
  const here = text.slice(offset, offset + Math.max(1, length));
  const token = here.trim() === '' ? 'the end of the file' : here.startsWith('"') ? quote(here.slice(1, -1)) : quote(here);
  const at = (found: string, allowed: string, where = offset): Finding => ({
    path: whereabouts(text, where),
    offset: where,
    found,
    allowed,
  });
  if (text.trim() === '') return { path: [], offset: 0, found: 'an empty file', allowed: 'a JSON object with a list of services' };
  if (before.endsWith(',') && /^[}\]]/.test(here)) {
    return at(`a comma before ${quote(here)}`, 'no comma after the last entry', before.length - 1);
  }
  if (/^\d/.test(here) && /(^|[^\d.])0$/.test(text.slice(0, offset)))
    return at('a number with a leading zero', 'a number like 5 or 0.5', offset - 1);
  if (here.startsWith("'")) return at('single quotes', 'double quotes');
  switch (printParseErrorCode(error)) {
    case 'InvalidCommentToken':
    case 'UnexpectedEndOfComment':
      return at('a comment', 'no comments: the file is strict JSON (a note for people can stand in "about")');
    case 'PropertyNameExpected':
      return at(token, 'a key in double quotes');
    case 'ValueExpected':
    case 'InvalidSymbol':
      return at(token, 'a value: text in double quotes, a number, true, false, null, [ or {');
    case 'ColonExpected':
      return at(token, 'a colon after the key');
    case 'CommaExpected':
      return at(`${token} with no comma before it`, 'a comma between two entries');
    case 'CloseBraceExpected':
      return at(token, 'a comma, or } to close the object');
    case 'CloseBracketExpected':
      return at(token, 'a comma, or ] to close the list');
    case 'EndOfFileExpected':
      return at(token, 'nothing after the end of the configuration');
    case 'UnexpectedEndOfString':
      return at('a text that is never closed', 'a closing double quote on the same line');
    case 'UnexpectedEndOfNumber':
    case 'InvalidNumberFormat':
      return at(`the number ${token}`, 'a number like 5 or 0.5');
    case 'InvalidUnicode':
    case 'InvalidEscapeCharacter':
      return at(
        `a text with an unknown \\ escape: ${here.slice(0, 80).replace(/\p{Cc}/gu, '?')}`,
        '\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u with four digits (a \\ itself is \\\\)',
      );
    case 'InvalidCharacter':
      return at('a text with a raw control character', 'the escaped form, like \\t or \\n');
    default:
      return at(token, 'valid JSON');
  }
}

function whereabouts(text: string, offset: number): Path {
  return getLocation(text, offset).path.filter((step) => step !== '');
}

/** The node at a path, or the deepest one on the way to it. */
export function nodeAt(root: Node, path: Path): Node {
  let node = root;
  for (const step of path) {
    const next = typeof step === 'number' ? node.children?.[step] : propertyOf(node, step)?.children?.[1];
    if (!next) return node;
    node = next;
  }
  return node;
}

/** The last property of that name, the one that JSON.parse keeps. */
export function propertyOf(node: Node, key: PropertyKey): Node | undefined {
  if (node.type !== 'object') return undefined;
  return node.children?.findLast((property) => property.children?.[0]?.value === key);
}

/** Every object of the tree with its path, in the order of the file. */
export function* walk(node: Node, path: Path = []): Generator<{ node: Node; path: Path }> {
  yield { node, path };
  for (const [index, child] of (node.children ?? []).entries()) {
    if (node.type === 'array') yield* walk(child, [...path, index]);
    const [key, value] = child.children ?? [];
    if (node.type === 'object' && key && value) yield* walk(value, [...path, key.value as string]);
  }
}

/** Line and column of an offset, both from 1, as editors count them. */
export function positionsIn(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), (end) => end.index + end[0].length)];
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 };
  };
}

/** `services[2].check.port`; keys that are no plain words stand quoted in brackets. */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(String(step))) text += text === '' ? String(step) : `.${String(step)}`;
    else text += `[${quote(String(step))}]`;
  }
  return text;
}

/** A value in words: `text "5m"`, `number 5`, `a list`. Long text is cut, control characters are escaped. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'string') return `text ${quote(value)}`;
  if (typeof value === 'object') return 'an object';
  return typeof value === 'number' ? `number ${value}` : String(value);
}

export function quote(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
