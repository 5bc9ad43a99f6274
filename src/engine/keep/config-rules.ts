// What the schema can't say: ids, dependencies, limits that contradict each other, paths, remedies that don't fit.
// Looks at the raw value, so that these are told beside wrong types elsewhere in the same file. Pure; touches nothing.
import type { Node } from 'jsonc-parser';
import { nearestOf } from './config-nearest.ts';
import { durationOf, listOf, type Raw, type RawFile, rawFileOf, rawOf, textsOf } from './config-raw.ts';
import { describe, type Finding, nodeAt, type Path, positionsIn, propertyOf, quote, walk } from './config-tree.ts';

/** Everything wrong beyond types and keys, in no particular order. `value` is what JSON.parse made of the text. */
export function brokenRules(text: string, root: Node, value: unknown): Finding[] {
  const file = rawFileOf(text, root, value);
  return [duplicateKeys(text, root), impossibleLimits(file), ids(file), dependencies(file), misfits(file), impossibleTexts(file)].flat();
}

function duplicateKeys(text: string, root: Node): Finding[] {
  const positionOf = positionsIn(text);
  const found: Finding[] = [];
  for (const { node, path } of walk(root)) {
    if (node.type !== 'object') continue;
    const first = new Map<string, number>();
    for (const property of node.children ?? []) {
      const key = property.children?.[0]?.value as string;
      const before = first.get(key);
      if (before === undefined) first.set(key, property.offset);
      else {
        const line = positionOf(before).line;
        found.push({
          path: [...path, key],
          offset: property.offset,
          found: `the key ${quote(key)} again, first on line ${line}`,
          allowed: 'each key once',
        });
      }
    }
  }
  return found;
}

function impossibleLimits({ value, services, at }: RawFile): Finding[] {
  const found: Finding[] = [];
  const interval = durationOf(value.interval) ?? 300_000;
  const compare = (raw: Raw, path: Path, limitMs: number, limit: string) => {
    const retry = durationOf(raw.retryInterval);
    if (retry !== undefined && retry > limitMs)
      found.push(at([...path, 'retryInterval'], describe(raw.retryInterval), `at most the interval, ${limit}`));
  };
  compare(value, [], interval, value.interval === undefined ? '5m by default' : String(value.interval));
  for (const [index, service] of services.entries()) {
    const own = service.interval ?? value.interval;
    compare(service, ['services', index], durationOf(service.interval) ?? interval, own === undefined ? '5m by default' : String(own));
    const check = rawOf(service.check);
    const status = check.type === 'http' && typeof check.status === 'string' ? check.status : '';
    if (/^[\d,-]+$/.test(status) && status.split(',').some((range) => backwards(range))) {
      found.push(at(['services', index, 'check', 'status'], describe(status), 'ranges from the lower code to the higher, like "200-399"'));
    }
  }
  return found;
}

function backwards(range: string): boolean {
  const [from, to] = range.split('-').map(Number);
  return from !== undefined && to !== undefined && from > to;
}

function ids({ services, at, lineOf }: RawFile): Finding[] {
  const first = new Map<string, number>();
  return services.flatMap((service, index) => {
    const id = service.id;
    if (typeof id !== 'string') return [];
    const before = first.get(id);
    if (before === undefined) {
      first.set(id, index);
      return [];
    }
    const line = lineOf(['services', before, 'id']);
    return [at(['services', index, 'id'], `the id ${quote(id)} again, first on line ${line}`, 'each id once')];
  });
}

function dependencies({ services, at }: RawFile): Finding[] {
  const known = new Map(services.flatMap((service, index) => (typeof service.id === 'string' ? [[service.id, index] as const] : [])));
  const found: Finding[] = [];
  for (const [index, service] of services.entries()) {
    for (const [n, parent] of textsOf(service.dependsOn).entries()) {
      if (parent === undefined) continue;
      const path = ['services', index, 'dependsOn', n];
      if (parent === service.id) found.push(at(path, `the service itself, ${quote(parent)}`, 'ids of other services'));
      else if (!known.has(parent))
        found.push(at(path, describe(parent), `an id of this file: ${[...known.keys()].join(', ')}`, nearestOf(parent, known.keys())));
    }
  }
  for (const circle of circles(services, known)) {
    const start = known.get(circle[0] as string) as number;
    found.push(at(['services', start, 'dependsOn'], `a circle: ${[...circle, circle[0]].join(' → ')}`, 'dependencies that end somewhere'));
  }
  return found;
}

/** Each circle once, beginning at its service that stands first in the file. Without recursion: a chain may be long. */
function circles(services: readonly Raw[], known: ReadonlyMap<string, number>): string[][] {
  const parentsOf = (id: string) =>
    textsOf(services[known.get(id) ?? -1]?.dependsOn).filter(
      (parent): parent is string => parent !== undefined && parent !== id && known.has(parent),
    );
  const done = new Set<string>();
  const found: string[][] = [];
  for (const start of known.keys()) {
    const trail: { id: string; parents: string[] }[] = [];
    const placeOf = new Map<string, number>();
    const enter = (id: string) => {
      placeOf.set(id, trail.length);
      trail.push({ id, parents: parentsOf(id) });
    };
    if (!done.has(start)) enter(start);
    for (let here = trail.at(-1); here; here = trail.at(-1)) {
      const parent = here.parents.shift();
      const place = parent === undefined ? undefined : placeOf.get(parent);
      if (parent === undefined) {
        done.add(here.id);
        placeOf.delete(here.id);
        trail.pop();
      } else if (place !== undefined) found.push(trail.slice(place).map(({ id }) => id));
      else if (!done.has(parent)) enter(parent);
    }
  }
  return found;
}

/** Remedies that can't work with their check, and relative paths: the engine's own folder is nobody's business. */
function misfits({ services, at }: RawFile): Finding[] {
  const found: Finding[] = [];
  const place = (value: unknown, path: Path) => {
    if (typeof value !== 'string' || value === '' || value.startsWith('/') || value === '~' || value.startsWith('~/')) return;
    const nearest = value.startsWith('~') ? undefined : quote(`~/${value.replace(/^(\.\/)+/, '')}`);
    found.push(at(path, describe(value), 'a path that begins with "/" or "~/"', value.startsWith('..') ? undefined : nearest));
  };
  const places = (value: unknown, path: Path) => {
    for (const [n, text] of textsOf(value).entries()) place(text, [...path, n]);
  };
  for (const [index, service] of services.entries()) {
    const path = ['services', index];
    const check = rawOf(service.check);
    place(service.cwd, [...path, 'cwd']);
    place(service.logs, [...path, 'logs']);
    for (const key of ['cwd', 'pidFile', 'path'] as const) place(check[key], [...path, 'check', key]);
    places(check.paths, [...path, 'check', 'paths']);
    for (const list of ['recovery', 'proposed'] as const) {
      for (const [n, remedy] of listOf(service[list]).entries()) {
        const where = [...path, list, n];
        for (const key of ['cwd', 'log'] as const) place(remedy[key], [...where, key]);
        place(rawOf(remedy.find).pidFile, [...where, 'find', 'pidFile']);
        places(remedy.paths, [...where, 'paths']);
        if (remedy.type === 'rotate-logs' && remedy.paths === undefined && check.type !== 'log-files') {
          found.push(at(where, 'rotate-logs without paths', 'paths of its own, because the check is not log-files and has none to lend'));
        }
      }
    }
  }
  return found;
}

/** Texts that no system call and no request could take. */
function impossibleTexts({ root }: RawFile): Finding[] {
  const found: Finding[] = [];
  for (const { node, path } of walk(root)) {
    const value = node.value as unknown;
    if (typeof value === 'string' && value.includes('\0')) {
      found.push({ path, offset: node.offset, found: describe(value), allowed: 'text without the character \\u0000' });
    } else if (typeof value === 'string' && path.at(-2) === 'headers' && !isHeader(String(path.at(-1)), value)) {
      const parent = nodeAt(root, path.slice(0, -1));
      found.push({
        path,
        offset: propertyOf(parent, path.at(-1) as string)?.offset ?? node.offset,
        found: `the header ${quote(String(path.at(-1)))} with ${describe(value)}`,
        allowed: 'a name and a value that HTTP allows',
      });
    }
  }
  return found;
}

function isHeader(name: string, value: string): boolean {
  try {
    const http = process.getBuiltinModule('node:http'); // not by `import`: docs/decisions/0004-memory.md
    http.validateHeaderName(name);
    http.validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
