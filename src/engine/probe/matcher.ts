// Turns a `match` of the configuration into a question about a command line: text contained, or /a regular expression/
// (PRODUCT section 4). Pure.

/** The text was checked by the configuration's schema; a broken regular expression throws SyntaxError. */
export function compileMatch(match: string): (commandLine: string) => boolean {
  // Only the letters that are flags: "/opt/app" is a path.
  const form = /^\/(.+)\/([dgimsuvy]*)$/s.exec(match);
  if (!form) return (commandLine) => commandLine.includes(match);
  // `g` and `y` would make the answer depend on the one before.
  const pattern = new RegExp(form[1] as string, (form[2] as string).replace(/[gy]/g, ''));
  return (commandLine) => pattern.test(commandLine);
}
