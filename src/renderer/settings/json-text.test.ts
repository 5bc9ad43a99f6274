// A change of one value leaves the rest of the person's text alone, whatever its order and formatting.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JARVIS_PRESET } from '../../contract/preset.ts';
import { type Json, jsonOf, moveTo, nodeAt, removeAt, setAt, treeOf } from './json-text.ts';
import { valueAt } from './path.ts';

const MIXED = `{
  "interval": "5m", "retryInterval": "1m",
  "alerts":   { "afterFailures": 3, "cooldown": "1h" },
  "services": [
    { "id": "web", "name": "Web",
      "check": { "type": "http", "url": "http://127.0.0.1:3000/" },
      "recovery": [ { "type": "command",
                      "run": ["web", "restart"] } ] },
    { "id": "disk", "check": { "type": "disk" } }
  ]
}
`;

describe('setting a value', () => {
  it('replaces exactly the value, in whatever layout', () => {
    expect(setAt(MIXED, ['retryInterval'], '30s')).toBe(MIXED.replace('"1m"', '"30s"'));
    expect(setAt(MIXED, ['alerts', 'afterFailures'], 5)).toBe(MIXED.replace(': 3,', ': 5,'));
    expect(setAt(MIXED, ['services', 0, 'recovery', 0, 'run', 1], 'start')).toBe(MIXED.replace('"restart"', '"start"'));
  });

  it('puts a new key on the line of its neighbours, or on its own as they are', () => {
    expect(setAt(MIXED, ['alerts', 'channels'], ['queue'])).toBe(
      MIXED.replace('"cooldown": "1h" }', '"cooldown": "1h", "channels": ["queue"] }'),
    );
    expect(setAt(MIXED, ['services', 1, 'check', 'path'], '/data')).toBe(
      MIXED.replace('{ "type": "disk" }', '{ "type": "disk", "path": "/data" }'),
    );
    expect(setAt(MIXED, ['concurrency'], 4)).toBe(MIXED.replace('  ]\n}', '  ],\n  "concurrency": 4\n}'));
  });

  it('makes what is missing on the way', () => {
    expect(setAt(MIXED, ['recovery', 'standDown', 0], '10m')).toBe(
      MIXED.replace('  ]\n}', '  ],\n  "recovery": { "standDown": ["10m"] }\n}'),
    );
    expect(setAt('{\n\t"a": 1\n}', ['b', 'c'], true)).toBe('{\n\t"a": 1,\n\t"b": {\n\t\t"c": true\n\t}\n}');
    expect(setAt('{}', ['a'], 1)).toBe('{\n  "a": 1\n}');
  });

  it('keeps the line ends of Windows, a byte order mark and a file on one line', () => {
    expect(setAt('\uFEFF{\r\n  "a": 1\r\n}\r\n', ['b'], [1, 2])).toBe(
      '\uFEFF{\r\n  "a": 1,\r\n  "b": [\r\n    1,\r\n    2\r\n  ]\r\n}\r\n',
    );
    expect(setAt('{"a":{"b":1}}', ['a', 'c'], { d: ['x', 'y'] })).toBe('{"a":{"b":1,"c":{"d":["x","y"]}}}');
  });

  it('changes the one of two equal keys that is in force', () => {
    expect(setAt('{ "a": 1, "a": 2 }', ['a'], 3)).toBe('{ "a": 1, "a": 3 }');
  });
});

describe('removing and moving', () => {
  it('takes the comma and the line along, and leaves the neighbours as they are', () => {
    expect(removeAt(MIXED, ['services', 1])).toBe(MIXED.replace(/,\n {4}\{ "id": "disk".*\} \}/, ''));
    expect(removeAt(MIXED, ['interval'])).toBe(MIXED.replace('"interval": "5m", ', ''));
    expect(removeAt(MIXED, ['services', 0, 'recovery', 0])).toContain('"recovery": [] },');
    expect(removeAt(MIXED, ['nowhere', 3])).toBe(MIXED);
  });

  it('moves a value as it is written', () => {
    const text = '{\n  "recovery": [],\n  "proposed": [\n    { "type":  "x",\n      "run": ["a"] }\n  ]\n}\n';
    expect(moveTo(text, ['proposed', 0], ['recovery'])).toBe('{\n  "recovery": [\n    { "type":  "x",\n      "run": ["a"] }\n  ]\n}\n');
  });
});

const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: false } as never) as fc.Arbitrary<Json>;
/** The same value with white space anywhere it may stand. */
function spaced(value: Json, gap: () => string): string {
  const sides = (text: string) => gap() + text + gap();
  if (value === null || typeof value !== 'object') return sides(JSON.stringify(value));
  if (Array.isArray(value)) return sides(`[${value.map((item) => spaced(item, gap)).join(',') || gap()}]`);
  const members = Object.entries(value).map(([key, item]) => `${sides(JSON.stringify(key))}:${spaced(item, gap)}`);
  return sides(`{${members.join(',') || gap()}}`);
}
const document = fc
  .tuple(json, fc.infiniteStream(fc.constantFrom('', ' ', '\n', '\n  ', '\t', '\r\n    ')), fc.nat())
  .map(([value, gaps]) => ({ value, text: spaced(value, () => gaps.next().value as string) }));

/** A way into `value` that may end beside everything that is there. */
function somePath(value: Json, choices: readonly number[]): (string | number)[] {
  const path: (string | number)[] = [];
  let at: Json | undefined = value;
  for (const choice of choices) {
    if (at === null || typeof at !== 'object') break;
    const steps: (string | number)[] = Array.isArray(at) ? [...at.keys(), at.length] : [...Object.keys(at), 'fresh key'];
    const step = steps[choice % steps.length] as string | number;
    path.push(step);
    at = valueAt(at, [step]) as Json | undefined;
  }
  return path;
}
function withValue(value: Json | undefined, path: readonly (string | number)[], put: Json): Json {
  const [step, ...rest] = path;
  if (step === undefined) return put;
  const inner = withValue(valueAt(value, [step]) as Json | undefined, rest, put);
  if (typeof step === 'number') return Array.isArray(value) ? [...value.slice(0, step), inner, ...value.slice(step + 1)] : [inner];
  return { ...(typeof value === 'object' && !Array.isArray(value) ? value : {}), [step]: inner };
}
// `__proto__` can't be assigned by the simple model above; the code itself does not assign keys.
const plain = (text: string) => !text.includes('__proto__');

describe('for any JSON in any layout', () => {
  it('the new text means the old value with the one change', () => {
    fc.assert(
      fc.property(document, fc.array(fc.nat(), { minLength: 1, maxLength: 5 }), json, ({ value, text }, choices, put) => {
        fc.pre(plain(text) && plain(JSON.stringify(put)));
        const path = somePath(value, choices);
        expect(jsonOf(setAt(text, path, put))).toEqual(JSON.parse(JSON.stringify(withValue(value, path, put))));
      }),
      { numRuns: 400 },
    );
  });

  it('what stands outside of the changed value stays, letter by letter', () => {
    fc.assert(
      fc.property(document, fc.array(fc.nat(), { minLength: 1, maxLength: 5 }), json, ({ value, text }, choices, put) => {
        fc.pre(plain(text));
        const node = nodeAt(treeOf(text), somePath(value, choices));
        fc.pre(node !== undefined);
        const changed = setAt(text, somePath(value, choices), put);
        expect(changed.startsWith(text.slice(0, node?.from))).toBe(true);
        expect(changed.endsWith(text.slice(node?.to))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('removing leaves JSON without that value, and undoing an addition gives the old value', () => {
    fc.assert(
      fc.property(document, fc.array(fc.nat(), { minLength: 1, maxLength: 5 }), json, ({ value, text }, choices, put) => {
        fc.pre(plain(text));
        const path = somePath(value, choices);
        fc.pre(path.length > 0);
        const isThere = nodeAt(treeOf(text), path) !== undefined;
        const after = removeAt(isThere ? text : setAt(text, path, put), path);
        if (!isThere) expect(jsonOf(after)).toEqual(JSON.parse(JSON.stringify(value)));
        else expect(jsonOf(after)).not.toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it('a hundred edits of the preset stay readable and short', () => {
    let text = `${JSON.stringify(JARVIS_PRESET, null, 2)}\n`;
    for (let n = 0; n < 100; n += 1) text = setAt(text, ['services', n % 6, 'interval'], `${n + 1}m`);
    for (let n = 0; n < 6; n += 1) text = removeAt(text, ['services', n, 'interval']);
    expect(text).toBe(`${JSON.stringify(JARVIS_PRESET, null, 2)}\n`);
  });
});
