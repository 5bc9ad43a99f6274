// Text of strangers (a log's line, a program's name, what a command printed) made fit to be shown: no sequence in it moves a
// terminal's cursor, rings its bell, writes its clipboard or turns its letters round. Pure; touches nothing.

const ESC = '\\u001b';
const CSI = `(?:${ESC}\\[|\\u009b)[0-?]{0,64}[ -/]{0,8}[@-~]?`;
/** Window titles, clipboard, links: up to their end, or to where the line ends without one. */
const OSC = `(?:${ESC}[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c\\n]*(?:\\u0007|${ESC}\\\\|\\u009c)?`;
const SEQUENCE = new RegExp(`${CSI}|${OSC}|${ESC}[ -/]?[0-~]?`, 'g');
/** Letters that turn the direction of others round, and breaks of lines that only some programs take for one. */
const TURNING = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u2028\u2029]/g;

/** In one line. */
export function plainLine(text: string): string {
  return stripped(text).replace(/\p{Cc}+/gu, ' ');
}

/** Lines and tabs stay. */
export function plainLines(text: string): string {
  return stripped(text)
    .replaceAll('\r\n', '\n')
    .replace(/(?![\n\t])\p{Cc}/gu, ' ');
}

function stripped(text: string): string {
  return text.replace(SEQUENCE, '').replace(TURNING, '');
}
