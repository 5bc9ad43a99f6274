import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JARVIS_PRESET } from '../../contract/preset.ts';
import { checkConfig, formatProblems } from './config-problems.ts';

const folder = fileURLToPath(new URL('../../../test/fixtures/bad-configs/', import.meta.url));
const fixtures = readdirSync(folder).filter((name) => name.endsWith('.json'));
const presetText = JSON.stringify(JARVIS_PRESET, null, 2);

function judged(value: unknown) {
  return checkConfig(JSON.stringify(value), 'config.json');
}
function warningsOf(value: unknown): string[] {
  const checked = judged(value);
  if (!checked.ok) throw new Error(formatProblems(checked.problems, 'config.json'));
  return checked.warnings.map(({ path }) => path);
}
const tcp = { type: 'tcp', port: 8080 };

describe('bad configurations', () => {
  it('are at least thirty', () => expect(fixtures.length).toBeGreaterThanOrEqual(30));

  it.each(fixtures)('%s is refused in the words of its golden file', (name) => {
    const checked = checkConfig(readFileSync(folder + name, 'utf8'), 'config.json');
    const golden = readFileSync(folder + name.replace(/json$/, 'txt'), 'utf8');
    expect(checked.ok ? 'accepted' : `${formatProblems(checked.problems, 'config.json')}\n`).toBe(golden);
  });

  it('tell every problem in the order of the file, each also as one line', () => {
    const checked = checkConfig(readFileSync(`${folder}39-many-at-once.json`, 'utf8'), 'config.json');
    if (checked.ok) throw new Error('accepted');
    expect(checked.problems.map(({ line }) => line)).toEqual([2, 3, 7, 8, 9, 11]);
    expect(checked.problems.at(-1)?.message).toBe(
      'config.json:11:34 services[1].dependsOn[0]: found text "wbe"; allowed: an id of this file: web, hub; nearest: web',
    );
  });

  it('survive brackets without end and a circle of two thousand services', () => {
    const deep = checkConfig(`{"services":${'['.repeat(200_000)}`, 'config.json');
    expect(deep).toMatchObject({ ok: false, problems: [{ found: 'more than 64 levels of brackets' }] });
    const services = Array.from({ length: 2_000 }, (_, n) => ({ id: `s${n}`, dependsOn: [`s${(n + 1) % 2_000}`], check: tcp }));
    const circle = judged({ services });
    expect(circle).toMatchObject({ ok: false, problems: [{ path: 'services[0].dependsOn' }] });
  });

  it('may not hide a key behind the name __proto__', () => {
    const checked = checkConfig('{ "services": [], "__proto__": { "interval": "1s" } }', 'config.json');
    expect(checked).toMatchObject({ ok: false, problems: [{ found: 'unknown key "__proto__"' }] });
  });
});

describe('good configurations', () => {
  it('the preset is valid without a warning, and keeps its six services in order', () => {
    const checked = checkConfig(presetText, 'config.json');
    if (!checked.ok) throw new Error(formatProblems(checked.problems, 'config.json'));
    expect(checked.warnings).toEqual([]);
    expect(checked.config.services.map(({ id }) => id)).toEqual([
      'gateway',
      'fitness-tracker',
      'hub-dashboard',
      'disk',
      'memory',
      'log-files',
    ]);
  });

  it('a byte order mark moves no column', () => {
    expect(checkConfig(`\uFEFF${presetText}`, 'config.json').ok).toBe(true);
    expect(checkConfig('\uFEFF[]', 'config.json')).toMatchObject({ problems: [{ line: 1, column: 1 }] });
  });

  it('a short interval of its own shortens the retry interval that it inherits', () => {
    const checked = judged({ services: [{ id: 'a', interval: '30s', check: tcp }] });
    expect(checked).toMatchObject({ ok: true, config: { services: [{ intervalMs: 30_000, retryIntervalMs: 30_000 }] } });
  });

  it('a service that is not enabled holds nothing back', () => {
    const checked = judged({
      services: [
        { id: 'a', enabled: false, check: tcp },
        { id: 'b', dependsOn: ['a'], check: tcp },
      ],
    });
    expect(checked).toMatchObject({ ok: true, config: { services: [{ id: 'b', dependsOn: [] }] } });
  });

  it('warn of what a person would hardly mean', () => {
    expect(warningsOf({ interval: '5s', retryInterval: '5s', services: [{ id: 'a', interval: '1s', check: tcp }] })).toEqual([
      'interval',
      'services[0].interval',
    ]);
    expect(warningsOf({ services: [{ id: 'a', check: tcp, proposed: [{ type: 'launchd', label: 'x' }] }] })).toEqual([
      'services[0].proposed',
    ]);
    // R10: a hold needs a folder, and a whole home is nobody's.
    expect(warningsOf({ services: [{ id: 'a', check: tcp, cwd: '~/a', holdDuringBuilds: true }] })).toEqual([]);
    expect(warningsOf({ services: [{ id: 'a', check: tcp, holdDuringBuilds: false }] })).toEqual([]);
    expect(warningsOf({ services: [{ id: 'a', check: tcp, holdDuringBuilds: true }] })).toEqual(['services[0].holdDuringBuilds']);
    expect(warningsOf({ services: [{ id: 'a', check: tcp, cwd: '~/', holdDuringBuilds: true }] })).toEqual([
      'services[0].holdDuringBuilds',
    ]);
  });

  it.each(['/**', '~/**/*.log', '/home/me/**', '/Users/me/*', '~', '/*/**/x.log'])(
    'warn that deleting %s covers a whole home or disk',
    (path) => {
      const recovery = [{ type: 'delete-old-logs', paths: [path], olderThan: '30d' }];
      expect(warningsOf({ services: [{ id: 'a', check: tcp, recovery }] })).toEqual(['services[0].recovery[0].paths[0]']);
    },
  );

  it.each(['~/clawd/**/*.log', '~/*.log', '/var/log/me/**', '/tmp/openclaw/*'])('do not warn of deleting %s', (path) => {
    const recovery = [{ type: 'delete-old-logs', paths: [path], olderThan: '30d' }];
    expect(warningsOf({ services: [{ id: 'a', check: tcp, recovery }] })).toEqual([]);
  });
});

describe('whatever is done to a valid configuration', () => {
  const isList = (text: string) => {
    const checked = checkConfig(text, 'config.json');
    if (checked.ok) return;
    expect(checked.problems.length).toBeGreaterThan(0);
    const lines = text.split(/\r\n|\n|\r/).length;
    for (const { line, column, found, allowed } of checked.problems) {
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(found).not.toBe('');
      expect(allowed).not.toBe('');
    }
    expect(formatProblems(checked.problems, 'config.json')).not.toMatch(/\p{Cc}(?<!\n)/u);
  };

  it('cutting, inserting and overwriting its text gives a configuration or a list of problems', () => {
    const edit = fc.record({
      at: fc.nat(presetText.length),
      cut: fc.nat(40),
      put: fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom(...'{}[],:"/\\\u001b')),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        isList(edits.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), presetText));
      }),
      { numRuns: 300 },
    );
  });

  it('replacing, adding and removing its values does too', () => {
    const places: { path: (string | number)[] }[] = [];
    const visit = (value: unknown, path: (string | number)[]): void => {
      places.push({ path });
      if (typeof value === 'object' && value !== null)
        for (const [key, inner] of Object.entries(value)) visit(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    visit(JARVIS_PRESET, []);
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('5m', '10%', '/(/', '', '~', -1, 0, 1e308, 'tcp', 'rotate-logs', 'gateway', null),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...places), value, fc.string()), { minLength: 1, maxLength: 3 }), (edits) => {
        const copy = { root: structuredClone(JARVIS_PRESET) as unknown };
        for (const [{ path }, put, key] of edits) {
          let at: unknown = copy;
          for (const step of ['root', ...path.slice(0, -1)])
            at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined;
          if (typeof at !== 'object' || at === null) continue;
          const step = String(path.at(-1) ?? key);
          Object.defineProperty(at, step, { value: put, enumerable: true, configurable: true, writable: true });
        }
        isList(JSON.stringify(copy.root));
      }),
      { numRuns: 300 },
    );
  });

  it('it is accepted only where JSON.parse accepts it', () => {
    fc.assert(
      fc.property(fc.nat(presetText.length), fc.string({ maxLength: 3 }), (at, put) => {
        const text = presetText.slice(0, at) + put + presetText.slice(at);
        if (checkConfig(text, 'config.json').ok) expect(() => JSON.parse(text)).not.toThrow();
      }),
      { numRuns: 200 },
    );
  });
});

describe('a file of nonsense', () => {
  const problemsOf = (config: unknown) => {
    const checked = checkConfig(JSON.stringify(config), 'config.json');
    return checked.ok ? [] : checked.problems;
  };

  it('tells its first hundred problems and how many there are beside them', () => {
    const problems = problemsOf({ services: Array.from({ length: 300 }, () => ({})) });
    expect(problems).toHaveLength(101);
    expect(problems[0]?.path).toBe('services[0].id');
    expect(problems.at(-1)).toMatchObject({ path: '', found: '500 more problems' });
  });

  it.each([
    ['services', { services: Array.from({ length: 200_000 }, () => ({})) }, '200000 entries'],
    ['services[0].check.run', { services: [{ id: 'a', check: { type: 'command', run: Array(500_000).fill(1) } }] }, '500000 entries'],
    ['', Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`k${index}`, 1])), '6000 entries'],
    ['', { services: Array.from({ length: 50 }, () => Array(4_000).fill(0)) }, 'more than 100000 values'],
  ])('of more than can be judged in a moment is refused at %s, at once', (path, config, found) => {
    expect(problemsOf(config)).toMatchObject([{ path, found }]);
  });
});
