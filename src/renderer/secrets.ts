// Hides what a configuration may hold in secret, until a person asks to see it: values of headers and of the environment, of
// telling names, passwords in addresses, keys in queries. Works on values, not on their JSON, whose quotes would end a
// secret too early. Errs on the careful side. Pure; touches nothing.

const HIDDEN = '•••';
const TELLING = '(?:(?:api|access|private)[-_]?key|token|secret|passw|pwd|auth|bearer|credential|cookie|signature)';
const isTelling = (word: unknown) => typeof word === 'string' && new RegExp(`${TELLING}|^key$`, 'i').test(word);
const PLACES = [
  /(\/\/)[^\s/?#]+(?=@)/g,
  new RegExp(`((?:${TELLING}[\\w-]*["']?\\s*[:=]|-[\\w-]*${TELLING}[\\w-]*\\s|bearer\\s|[?&](?:key|sig)=)\\s*).+`, 'is'),
];

/** A text without the secrets inside of it. */
export function hideIn(text: string): string {
  return PLACES.reduce((left, place) => left.replace(place, `$1${HIDDEN}`), text);
}
/** Words of a command: what stands after `--token` is hidden, too. */
export function hideWords<T>(words: readonly T[]): (T | string)[] {
  return words.map((word, n) => {
    const before = words[n - 1];
    if (typeof word !== 'string') return word;
    return typeof before === 'string' && /^-[^=]*$/.test(before) && isTelling(before) ? HIDDEN : hideIn(word);
  });
}
/** Whether what stands at a key of `parent` is secret as a whole. */
export function isSecret(key: unknown, parent: unknown): boolean {
  return isTelling(key) || parent === 'headers' || parent === 'env';
}
/** For JSON.stringify. */
export function hideValue(key: string, value: unknown): unknown {
  if (Array.isArray(value)) return hideWords(value);
  if (typeof value === 'string') return isTelling(key) ? HIDDEN : hideIn(value);
  return value && isSecret('', key) ? Object.fromEntries(Object.keys(value).map((name) => [name, HIDDEN])) : value;
}
