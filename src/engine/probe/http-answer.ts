// Judges an HTTP answer against its check: status ranges, text in the body, values at JSON pointers. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { CheckOf } from '../../contract/config.ts';

export interface Answer {
  readonly status: number;
  /** As far as it was read. */
  readonly body: string;
  /** There was more than was read. */
  readonly isCut: boolean;
}

const MISSING = Symbol('missing');

/** What is wrong with the answer, as a sentence; undefined when nothing is. */
export function whyWrong(answer: Answer, check: Pick<CheckOf<'http'>, 'status' | 'body' | 'json'>): string | undefined {
  if (!isAllowed(answer.status, check.status)) {
    return check.status === '200-399' ? `Answered ${answer.status}` : `Answered ${answer.status}, expected ${check.status}`;
  }
  const cut = answer.isCut ? ' in the first 1 MiB, and no more is read' : '';
  if (check.body !== undefined && !answer.body.includes(check.body)) {
    return `Answered ${answer.status}, but without the text "${short(check.body)}"${cut}`;
  }
  return check.json === undefined ? undefined : whyWrongJson(answer, check.json);
}

function whyWrongJson(answer: Answer, expected: Readonly<Record<string, unknown>>): string | undefined {
  if (answer.isCut) return `Answered ${answer.status}, but with more than the 1 MiB of JSON that is read`;
  let document: unknown;
  try {
    document = JSON.parse(answer.body.replace(/^\uFEFF/, ''));
  } catch {
    return `Answered ${answer.status}, but not with JSON`;
  }
  for (const [pointer, value] of Object.entries(expected)) {
    const found = valueAt(document, pointer);
    if (isDeepStrictEqual(found, value)) continue;
    const wanted = `${pointer || 'the answer'} should be ${short(JSON.stringify(value))}`;
    return `Answered ${answer.status}, but ${wanted}${found === MISSING ? ' and is missing' : `, not ${short(JSON.stringify(found))}`}`;
  }
  return undefined;
}

/** RFC 6901: `~1` is a slash, `~0` a tilde, decoded in that order. */
function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return MISSING;
    if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(key)) return MISSING;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function isAllowed(status: number, ranges: string): boolean {
  return ranges.split(',').some((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return from !== undefined && to !== undefined && status >= from && status <= to;
  });
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
