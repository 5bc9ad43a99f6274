import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Operations } from '../contract/operations.ts';
import { firstPage } from './first-page.ts';

const FILE = `<!doctype html><html><head>
<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; script-src &#39;self&#39;; style-src &#39;self&#39;">
<script type="module" crossorigin src="./assets/index-1.js"></script>
<link rel="modulepreload" crossorigin href="./assets/card-1.js">
<link rel="stylesheet" crossorigin href="./assets/index-1.css"></head>
<body><div id="app"><p class="first-paint"></p></div><noscript>No</noscript></body></html>`;
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** A built window whose picture is made by `program`. */
async function built(program: string | undefined): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'jh-page-'));
  folders.push(folder);
  await mkdir(path.join(folder, 'renderer', 'assets'), { recursive: true });
  await mkdir(path.join(folder, 'picture'));
  await writeFile(path.join(folder, 'renderer', 'assets', 'index-1.css'), '.a{color:red}');
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  if (program !== undefined) await writeFile(path.join(folder, 'picture', 'picture.js'), program);
  return path.join(folder, 'renderer');
}
const engine = (over: Partial<Operations> = {}) => ({
  operations: { status: async () => ({ name: '</script><b>$&' }), overview: async () => [], ...over } as unknown as Operations,
});
const DRAWS = "export const picture = (status) => '<h1>' + status.name.length + ' $& $1</h1>';";
const hashOf = (text: string | undefined) =>
  `sha256-${createHash('sha256')
    .update(text ?? '')
    .digest('base64')}`;

it('holds the picture, its style, and the answers that it was made from; the policy allows these elements and no others', async () => {
  const { text, inline } = await (await firstPage(await built(DRAWS), engine()))(FILE);
  expect(text).toContain('<div id="app" data-picture><h1>14 $& $1</h1></div><noscript>');
  expect(text).not.toContain('first-paint');
  expect(inline).toEqual({
    style: hashOf(/<style>(.*?)<\/style>/s.exec(text)?.[1]),
    script: hashOf(/<script>(.*?)<\/script>/s.exec(text)?.[1]),
  });
  const meta = /Security-Policy" content="([^"]*)"/.exec(text)?.[1]?.replaceAll('&#39;', "'");
  expect(meta).toBe(`default-src 'none'; script-src '${inline?.script}' 'self'; style-src '${inline?.style}' 'self'`);
  expect(text.match(/<(script|style|link)\b[^>]*>/g)).toEqual([
    '<style>',
    '<script>',
    '<script type="application/json" id="known">',
    '<script type="module" crossorigin src="./assets/index-1.js">',
  ]);
  const known = JSON.parse(/id="known">(.*?)<\/script>/s.exec(text)?.[1] ?? '');
  expect(known).toEqual({ '/api/v1/status': { name: '</script><b>$&' }, '/api/v1/overview?days=90': [] });
});

it.each([
  ['is not built', undefined, {}],
  ['throws', 'export const picture = () => { throw new Error("no"); };', {}],
  ['is something else', 'export const other = 1;', {}],
  ['lacks an answer', DRAWS, { overview: () => Promise.reject(new Error('no history')) }],
])('where the picture %s, the page is the file with the answers that there are', async (_, program, over) => {
  const { text, inline } = await (await firstPage(await built(program), engine(over)))(FILE);
  expect(inline).toBeUndefined();
  expect(text.replace(/<script type="application\/json" id="known">.*<\/script>(?=<\/body>)/s, '')).toBe(FILE);
  expect(text).toContain('"/api/v1/status":{');
});
