// What a `match` of the configuration means (PRODUCT section 4): text contained in the whole command line, or
// /a regular expression/flags. Pure, shared by looking (probe) and by acting (heal). Touches nothing.

/** Only letters that are flags, each once at most as the language asks: "/opt/app" is a path. */
const EXPRESSION = /^\/(.+)\/([dgimsuvy]*)$/s;

/** Tests a whole command line. Throws SyntaxError for a broken expression; the schema has refused those before. */
export function compileMatch(match: string): (commandLine: string) => boolean {
  const form = EXPRESSION.exec(match);
  if (!form) return (commandLine) => commandLine.includes(match);
  // `g` and `y` would make the answer depend on the question before.
  const expression = new RegExp(form[1] as string, (form[2] as string).replace(/[gy]/g, ''));
  return (commandLine) => expression.test(commandLine);
}
