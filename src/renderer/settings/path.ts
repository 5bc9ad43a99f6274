// Places in the configuration as text, `services[2].check.port`, as the engine names them in its problems, and back.
// Pure; touches nothing.
import type { Path } from './json-text.ts';

export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (/^[A-Za-z_$][\w$-]*$/.test(step)) return text === '' ? step : `${text}.${step}`;
    return `${text}[${JSON.stringify(step)}]`;
  }, '');
}

export function pathOf(text: string): Path {
  return Array.from(text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([A-Za-z_$][\w$-]*)/g), ([, index, quoted, key]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (key as string) : (JSON.parse(quoted) as string);
  });
}

/** Of a parsed value; undefined where nothing is. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as Record<string | number, unknown>)[step] : undefined,
    value,
  );
}
