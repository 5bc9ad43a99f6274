// What the window weighs over the wire, from the manifest of the build: the first view, and the heaviest way through it.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const OUT = path.resolve(import.meta.dirname, '../../out/renderer');
type Manifest = Record<string, { file: string; imports?: string[] }>;

test('no view loads more than 60 kB of JavaScript, the first one less than half of it', () => {
  const file = path.join(OUT, '.vite/manifest.json');
  if (!existsSync(file)) throw new Error('The window is not built: run `npm run build` first.');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  const withImports = (key: string, seen = new Set<string>()): Set<string> => {
    if (!seen.has(key)) {
      seen.add(key);
      for (const next of manifest[key]?.imports ?? []) withImports(next, seen);
    }
    return seen;
  };
  const weight = (...keys: string[]): number => {
    const all = new Set(keys.flatMap((key) => [...withImports(key)]));
    return [...all].reduce((sum, key) => sum + gzipSync(readFileSync(path.join(OUT, manifest[key]?.file ?? '')), { level: 9 }).length, 0);
  };
  expect(weight('index.html')).toBeLessThan(30_000);
  expect(weight('index.html', 'views/service.tsx', 'chart-draw.ts')).toBeLessThan(60_000);
  for (const view of ['incidents', 'settings', 'watch']) expect(weight('index.html', `views/${view}.tsx`), view).toBeLessThan(60_000);
});

test('the page holds no inline script or style, and repeats the policy', () => {
  const html = readFileSync(path.join(OUT, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  expect(html.replaceAll('&#39;', "'")).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(html).not.toMatch(/https?:\/\//);
});
