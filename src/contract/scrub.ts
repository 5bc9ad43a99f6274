// Takes secrets out of text that is written down or handed on: values of telling names, bearer tokens, passwords in
// addresses. Errs on the careful side. Pure; touches nothing.

/** The same text with an ellipsis where a secret stood. */
export function scrub(text: string): string {
  return text
    .replace(
      /((?:api[-_]?key|token|secret|password|passwd|pwd|authorization|credential)s?["']?(?:\s*[:=]\s*|\s+))("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:(?:bearer|basic|digest|token)\s+)?\S+)/gi,
      '$1…',
    )
    .replace(/((?:bearer|basic)\s+)\S+/gi, '$1…')
    .replace(/(\w+:\/\/)(?:([^\s:/@]+:)[^\s@]+|[^\s:/@]+)@/g, (_, scheme: string, user: string | undefined) => `${scheme}${user ?? ''}…@`);
}
