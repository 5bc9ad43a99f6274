// The built app as files: what its parts may hold, judged after the build.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import build from './global-setup.ts';

const OUT = fileURLToPath(new URL('../out', import.meta.url));
const read = (name: string): string => readFileSync(path.join(OUT, name), 'utf8');

beforeAll(() => build(), 120_000);

test('the preload is one CommonJS file that requires electron and nothing else', () => {
  expect(readdirSync(path.join(OUT, 'preload'))).toEqual(['index.cjs']);
  const text = read('preload/index.cjs');
  expect([...text.matchAll(/\brequire\(([^)]*)\)/g)].map(([, name]) => name)).toEqual(['"electron"']);
  expect(text).not.toMatch(/^\s*(import|export)\b|\bimport\(/m);
  expect(text.length, 'no schemas: the names of the operations are enough').toBeLessThan(6_000);
});

test('the window has its policy in the page too, no inline script, and no address of file:', () => {
  const page = read('renderer/index.html').replaceAll('&#39;', "'");
  expect(page).toMatch(/http-equiv="Content-Security-Policy" content="default-src 'none'/);
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|\son\w+=/);
  for (const name of readdirSync(path.join(OUT, 'renderer'), { recursive: true, encoding: 'utf8' })) {
    if (/\.(js|css|html)$/.test(name)) expect(read(path.join('renderer', name)), name).not.toContain('file://');
  }
});

test('the main process brings its libraries with it: only Electron, Node and two packages are loaded from outside', () => {
  const outside = new Set<string>();
  for (const name of readdirSync(path.join(OUT, 'main'))) {
    for (const [, from] of read(path.join('main', name)).matchAll(
      /(?:^|[;\n}])(?:import|export)[^;'"()]*?from\s*["']([^"'.][^"']*)["']/g,
    )) {
      if (from && !from.startsWith('node:')) outside.add(from);
    }
  }
  expect(outside).toContain('electron');
  const builtin = new Set(process.getBuiltinModule('node:module').builtinModules);
  expect([...outside].filter((name) => !builtin.has(name)).sort()).toEqual(['electron']);
});

test('the engine has few imports to resolve: over a hundred of them cost 6 MB for good (docs/decisions/0004-memory.md)', () => {
  const importsOf = (name: string) =>
    [...read(name).matchAll(/\b(?:from|import)"(\.[^"]+)"/g)].map(([, from]) => path.join(path.dirname(name), String(from)));
  const seen = new Set<string>();
  let imports = 0;
  const follow = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const all = importsOf(name);
    imports += all.length;
    for (const one of all) follow(one);
  };
  const engine = readdirSync(path.join(OUT, 'chunks')).filter((name) => /^(engine|run|server)-/.test(name));
  for (const name of ['cli/index.js', ...engine.map((name) => `chunks/${name}`)]) follow(name);
  expect(seen.size).toBeGreaterThan(8);
  expect(imports).toBeLessThan(60);
});
