// Takes secrets out of text that is written down or handed on: values of telling names, bearer tokens, passwords in
// addresses, and what is a key by its very shape. Errs on the careful side. Pure; touches nothing.

/** The name of an environment variable or a field goes on after the telling word: `AWS_SECRET_ACCESS_KEY=`. */
const LONG_NAME =
  /([\w-]*(?:api[-_]?key|access[-_]?key|private[-_]?key|token|secret|password|passwd|passphrase|credential)[\w-]*["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:(?:bearer|basic|digest|token)\s+)?\S+)/gi;
/** Keys of GitHub, Slack, AWS, OpenAI and Stripe (as their makers tell them apart), JSON web tokens, and private keys. */
const BY_SHAPE =
  /\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abeprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b|\b[spr]k[-_][\w-]{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/** The same text with an ellipsis where a secret stood. */
export function scrub(text: string): string {
  return text
    .replace(BY_SHAPE, '…')
    .replace(LONG_NAME, '$1…')
    .replace(
      // What stands as an ellipsis already is done.
      /((?:api[-_]?key|token|secret|password|passwd|pwd|authorization|credential)s?["']?(?:\s*[:=]\s*|\s+))(?!…)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:(?:bearer|basic|digest|token)\s+)?\S+)/gi,
      '$1…',
    )
    .replace(/((?:bearer|basic)\s+)\S+/gi, '$1…')
    .replace(/(\w+:\/\/)(?:([^\s:/@]+:)[^\s@]+|[^\s:/@]+)@/g, (_, scheme: string, user: string | undefined) => `${scheme}${user ?? ''}…@`);
}
