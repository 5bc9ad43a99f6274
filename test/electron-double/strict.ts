// What makes the double strict: what is not there throws by name, and what crosses a border is cloned as Electron clones it.

/** Reading anything that the double does not have is an error that names it; Electron's types can't say what the double lacks. */
export function strict<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(of, key, receiver) {
      if (key in of || typeof key === 'symbol' || key === 'then' || key === 'toJSON') return Reflect.get(of, key, receiver);
      throw new Error(`electron double: ${name}.${key} is not there`);
    },
  });
}

/** Throws DataCloneError for what Electron would refuse (functions, classes with secrets). */
export function cloned<T>(value: T): T {
  return structuredClone(value);
}

/** What a page can be handed over the wire of the double; anything that JSON would bend is refused loudly. */
export function wire(value: unknown): string {
  const copy = cloned(value);
  const text = JSON.stringify(copy) ?? 'null';
  const isBent = (one: unknown): boolean =>
    one instanceof Date ||
    one instanceof Map ||
    one instanceof Set ||
    typeof one === 'bigint' ||
    (typeof one === 'object' && one !== null && Object.values(one).some(isBent));
  if (isBent(copy)) throw new Error('electron double: only plain JSON crosses to a page here');
  return text;
}
