import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

it('docs/configuration.md says what the schema checks', () => {
  const script = path.join(ROOT, 'scripts', 'make-docs.ts');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

/** Tests are named by their file, as seen from the root, from `src`, from the engine or from the end-to-end tests. */
const PLACES = ['', 'src', 'src/engine', 'test/e2e'];

it('docs/safety.md names tests that there are, by words that are in them', () => {
  const missing: string[] = [];
  for (const line of readFileSync(path.join(ROOT, 'docs', 'safety.md'), 'utf8').split('\n')) {
    const proof = line.startsWith('|') ? line.split('|').at(-2) : undefined;
    if (proof === undefined || !proof.includes('`')) continue;
    const files = [...proof.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string);
    const found = files.map((name) => PLACES.map((place) => path.join(ROOT, place, name)).find((file) => existsSync(file)));
    missing.push(...files.filter((_, index) => found[index] === undefined));
    const texts = found.filter((file) => file?.endsWith('.test.ts')).map((file) => readFileSync(file as string, 'utf8'));
    for (const [, words = ''] of proof.matchAll(/"([^"]+)"/g))
      if (!texts.some((text) => text.includes(words))) missing.push(`${words} (${files})`);
  }
  expect(missing).toEqual([]);
});
