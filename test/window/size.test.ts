// What the window weighs over the wire (gzip -9): everything together, and what the first view loads of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const OUT = path.resolve(import.meta.dirname, '../../out/renderer');
type Manifest = Record<string, { file: string; imports?: string[] }>;

test('all JavaScript of the window is at most 60 kB, and the first view loads less than half of it', () => {
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
  const gzipped = (name: string): number => gzipSync(readFileSync(path.join(OUT, name)), { level: 9 }).length;
  const scripts = readdirSync(OUT, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const first = [...withImports('index.html')].map((key) => manifest[key]?.file ?? '');
  expect(scripts.reduce((sum, name) => sum + gzipped(name), 0)).toBeLessThanOrEqual(60_000);
  expect(first.reduce((sum, name) => sum + gzipped(name), 0)).toBeLessThan(30_000);
  // Neither the graph nor another view comes with it.
  expect(first.filter((name) => /chart|service|incidents|settings|watch|story/.test(name))).toEqual([]);
});

test('the page holds no inline script or style, and repeats the policy', () => {
  const html = readFileSync(path.join(OUT, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  expect(html.replaceAll('&#39;', "'")).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(html).not.toMatch(/https?:\/\//);
});
