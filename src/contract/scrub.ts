// Takes secrets out of text that is written down or handed on: values of telling names, what a header carries, options of
// programs, passwords in addresses, and what is a key by its very shape. Errs on the careful side; a word of everyday prose
// ("password authentication failed") is left. Its time grows with the text only: it runs on the engine's own thread, over
// what strangers write. Pure; touches nothing.
import { plainLine, plainLines } from './plain-text.ts';

/** Keys as their makers tell them apart; each begins where no word goes on, so that a long word is read once. */
const KEYS = [
  String.raw`gh[pousr]_\w{20,}`, // GitHub
  String.raw`github_pat_\w{20,}`,
  'gl(?:pat|cbt|ptt|dt|rt|soat)-[\\w-]{16,}', // GitLab
  String.raw`xox[abceoprs]-[\w-]{10,}`, // Slack
  String.raw`xapp-[\w-]{10,}`,
  'A(?:KIA|SIA|ROA|IDA)[0-9A-Z]{16}', // AWS
  String.raw`AIza[\w-]{30,}`, // Google
  String.raw`ya29\.[\w-]{10,}`,
  String.raw`[spr]k[-_][\w-]{16,}`, // OpenAI, Anthropic, Stripe
  String.raw`whsec_\w{16,}`,
  String.raw`(?:gsk|hf|npm|dop_v1|shp(?:at|ca|pa|ss)|sntry[su])_\w{16,}`, // Groq, Hugging Face, npm, DigitalOcean, Shopify, Sentry
  String.raw`pypi-[\w-]{16,}`,
  String.raw`SG\.[\w-]{16,}\.[\w-]{16,}`, // SendGrid
  'AGE-SECRET-KEY-1[0-9A-Z]{20,}',
  String.raw`(?:bot)?\d{8,12}:AA[\w-]{30,}`, // Telegram
  String.raw`eyJ[\w-]{8,}\.[\w-]*\.[\w-]*`, // JSON web token
].join('|');
const BY_SHAPE = new RegExp(String.raw`(?<![\w-])(?:${KEYS})`, 'g');
/** Addresses that are a key themselves. */
const HOOK = /((?:hooks\.slack\.com\/(?:services|workflows|triggers)|discord(?:app)?\.com\/api\/webhooks)\/)[\w/-]+/gi;

const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
/** What may follow the beginning of a key whose end is cut off; prose may not. */
const KEY_BODY = /(?:\\[nr]|\s|[\w+/=]{24,})*(?:[A-Za-z0-9+/=]+(?=\s*$))?/y;

/** The separator after a name: `=`, `:`, `=>`, with quotes that are escaped or not around the name. */
const IS = String.raw`\\{0,3}["']?[^\S\n]{0,3}(?:=>|[:=])[^\S\n]{0,3}`;
/** Everything that follows on the line is theirs. */
const HEADER = new RegExp(`((?:proxy-)?authorization|(?:set-)?cookie)(${IS})`, 'gi');
/** A name goes on before and after its telling word: `AWS_SECRET_ACCESS_KEY=`, `client_secret_v2:`. */
const TELLING = 'api[-_]?key|access[-_]?key|private[-_]?key|token|secret|passw(?:or)?d|passphrase|passcode|credential|pwd';
const NAMED = new RegExp(
  `(?:${TELLING})[\\w-]{0,40}${IS}` +
    // Words that tell something only as the end of a name: `SESSION_KEY`, `NPM_AUTH`, `x-auth`, `_auth`, `pass`, `GITHUB_PAT`.
    `|(?:[a-z0-9][_-]key|(?<![a-z])(?:auth|pass|sid|pat))s?${IS}` +
    `|(?<=[?&;]|\\s--?)(?:key|sig|signature|code|auth|pass)=`,
  'gi',
);
/** As programs of today write them: `AccountKey=`, `sharedAccessKey:`. */
const CAMEL = new RegExp(`[a-z]Key${IS}`, 'g');
/** `--password x`, `--auth x`, `--key x`. */
const OPTION = new RegExp(
  `(?<=(?:^|[\\s"'])--?(?:[\\w-]{0,30}(?:${TELLING})|(?:[\\w-]{0,20}-)?(?:auth|pass|key)))[^\\S\\n]+(?=[^\\s-])`,
  'gi',
);
/** `-p x` is a password where it is neither a port nor a path; `-a x` and `-px` are one for some programs only. */
const SHORT = [
  /(?<=(?:^|\s)-p)\s+(?!\d+(?:[:/\s]|$)|\d+\.|[-/.~])(?=\S)/g,
  /(?<=\bredis-cli\b[^\n]{0,200}\s-a)\s*(?=\S)/g,
  /(?<=\b(?:mysql|mariadb)\w*\b[^\n]{0,200}\s-p)(?=\S)/g,
  /(?<=\s(?:-u|--user|--proxy-user)(?:\s|=)["']?[^\s:"'/]{1,80}:)(?=\S)/g,
];
/** Without a separator only what does not look like a word of prose: "token abc123", not "token bucket". */
const BARE = new RegExp(`(?:${TELLING})s?(?:\\s+(?:is|was))?[^\\S\\n]+(?=\\S)`, 'gi');
const SCHEME = /(?<![a-z])(?:bearer|basic)\s+(?=\S)/gi;
const PROSE = /^[("'`]*(?:[a-z]+|[^a-z0-9…]*|[A-Z][a-z]+)[)"'`.,;:!?]*$/;
const USER_INFO = /(?<=[a-z0-9+.-]:\/\/)(?:([^\s:/@"'<>]{0,100}:)[^\s"'<>]{1,300}|[^\s:/@"'<>]{1,300})@/gi;

/** The same text with an ellipsis where a secret stood. */
export function scrub(text: string): string {
  let clean = withoutPrivateKeys(text).replace(BY_SHAPE, '…').replace(HOOK, '$1…');
  clean = clean.replace(USER_INFO, (_, user: string | undefined) => `${user ?? ''}…@`);
  clean = hideAfter(clean, HEADER, headerEnd);
  for (const names of [NAMED, CAMEL, OPTION, ...SHORT]) clean = hideAfter(clean, names, valueEnd);
  for (const names of [SCHEME, BARE])
    clean = hideAfter(clean, names, (text, from) => (PROSE.test(wordAt(text, from)) ? from : wordEnd(text, from)));
  return clean;
}

/** Text of strangers as it is kept and shown: no secret in it, nothing that moves a terminal. Lines stay. */
export function shownLines(text: string): string {
  return scrub(plainLines(text));
}
/** The same in one line of at most `cap` characters. */
export function shownLine(text: string, cap: number): string {
  const shown = scrub(plainLine(text)).trim();
  return shown.length > cap ? `${shown.slice(0, cap - 1)}…` : shown;
}
/** The same of a command line, which is cut to twice the `cap` before it is read: it may be of megabytes. The caller cuts what is left. */
export function shownCommand(command: string, cap: number): string {
  return scrub(plainLine(command.slice(0, 2 * cap)));
}

/** Hides what follows each match, up to where `endOf` says; nothing where that is the same place. */
function hideAfter(text: string, names: RegExp, endOf: (text: string, from: number, start: number, name: string) => number): string {
  let out = '';
  let done = 0;
  for (const found of text.matchAll(names)) {
    if (found.index < done) continue; // within a value that is hidden
    const from = found.index + found[0].length;
    const to = text[from] === '…' ? from : endOf(text, from, found.index, found[0]);
    if (to <= from) continue;
    out += `${text.slice(done, from)}…`;
    done = to;
  }
  return out + text.slice(done);
}

const SCHEMES = /(?:bearer|basic|digest|token)\s+/iy;

function valueEnd(text: string, from: number): number {
  const quoted = quotedEnd(text, from);
  if (quoted !== undefined) return quoted;
  SCHEMES.lastIndex = from;
  return wordEnd(text, SCHEMES.test(text) ? SCHEMES.lastIndex : from);
}

/** A header that stands in quotes ends with them, else with its line. */
function headerEnd(text: string, from: number, start: number, name: string): number {
  const quoted = quotedEnd(text, from);
  if (quoted !== undefined) return quoted;
  const before = text[start - 1];
  const line = markAt(text, '\n', from);
  if ((before !== '"' && before !== "'") || /["']/.test(name)) return line;
  return Math.min(line, markAt(text, before, from));
}

/** The end of a text in quotes, `"…"`, `'…'` or, in a text within a text, `\"…\"`; undefined where none begins here. */
function quotedEnd(text: string, from: number): number | undefined {
  const open = /\\{0,3}["']/y;
  open.lastIndex = from;
  const mark = open.exec(text)?.[0];
  if (mark === undefined) return undefined;
  for (let at = from + mark.length; at < text.length; at += 1) {
    if (text[at] === '\n') return at;
    if (text.startsWith(mark, at)) return at + mark.length;
    if (text[at] === '\\') at += 1;
  }
  return text.length;
}

/** Its first letters are enough to tell prose. */
function wordAt(text: string, from: number): string {
  return text.slice(from, Math.min(wordEnd(text, from), from + 100));
}
function wordEnd(text: string, from: number): number {
  const end = /\s|$/g;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}
function markAt(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
}

/** Blocks of private keys, also one whose beginning or end lies outside of the text. */
function withoutPrivateKeys(text: string): string {
  if (!text.includes('PRIVATE KEY')) return text;
  let out = '';
  let done = 0;
  const ends = [...text.matchAll(KEY_END)].map((end) => ({ from: end.index, to: end.index + end[0].length }));
  const begins = [...text.matchAll(KEY_BEGIN)].map((begin) => ({ from: begin.index, to: begin.index + begin[0].length }));
  const first = ends[0];
  if (first && !(begins[0] && begins[0].from < first.from)) {
    out = '…';
    done = first.to;
  }
  let next = 0;
  for (const [index, begin] of begins.entries()) {
    if (begin.from < done) continue;
    while (ends[next] && (ends[next] as { from: number }).from < begin.to) next += 1;
    const end = ends[next];
    const other = begins[index + 1];
    KEY_BODY.lastIndex = begin.to;
    KEY_BODY.test(text);
    const to = end && !(other && other.from < end.from) ? end.to : Math.max(begin.to, KEY_BODY.lastIndex);
    out += `${text.slice(done, begin.from)}…`;
    done = to;
  }
  return out + text.slice(done);
}
