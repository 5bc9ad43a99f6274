// The page for a browser that is signed in: with the answers that its first view asks for, and with its first picture as markup and style,
// so that nothing has to be loaded before it is seen (docs/decisions/0007-first-picture.md). What can't be had is left out: the page then
// asks, or draws, by itself. Reads the built window's own files, never one that a request names.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Overview } from '../contract/history.ts';
import { FIRST_VIEW, KNOWN_ID, PICTURE_MARK, requestOf } from '../contract/routes.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import type { Engine } from '../engine/engine.ts';

/** A page as it is sent. `inline`: the policy's names for the elements in it that are no files (`sha256-...`). */
export interface Page {
  readonly text: string;
  readonly inline?: { readonly script: string; readonly style: string };
}

/** Only the browser knows the part of an address after `#`. Until this has seen that it leads to the overview, the picture is hidden. */
const SCRIPT = `/^#?\\/?$/.test(location.hash)&&document.documentElement.classList.add('is-overview')`;
// As the build writes them.
const STYLESHEET = /<link rel="stylesheet"[^>]* href="\.(\/assets\/[\w-]+\.css)">/;
const MODULES = /<script type="module"[^>]*><\/script>|<link rel="modulepreload"[^>]*>\s*/g;
const PLACE = /<div id="app">.*?<\/div>/s;
const META_POLICY = /<meta http-equiv="Content-Security-Policy"[^>]*>/;

/** What to make of the file's text. `dashboard` is the folder of the built window; the program that draws lies beside it. */
export async function firstPage(dashboard: string, { operations }: Pick<Engine, 'operations'>): Promise<(file: string) => Promise<Page>> {
  const [status, overview] = await Promise.all([
    operations.status(FIRST_VIEW.status).catch(() => undefined),
    operations.overview(FIRST_VIEW.overview).catch(() => undefined),
  ]);
  const known = {
    [requestOf('status', FIRST_VIEW.status).target]: status,
    [requestOf('overview', FIRST_VIEW.overview).target]: overview,
  };
  // No text inside may end the element that holds it.
  const json = JSON.stringify(known).replaceAll('<', '\\u003c');
  const element = `<script type="application/json" id="${KNOWN_ID}">${json}</script>`;
  return async (file) => {
    const text = file.replace('</body>', () => `${element}</body>`);
    if (!status || !overview) return { text };
    return (await withPicture(dashboard, text, status, overview).catch(() => undefined)) ?? { text };
  };
}

async function withPicture(dashboard: string, page: string, status: Snapshot, overview: Overview): Promise<Page | undefined> {
  const [link, address] = STYLESHEET.exec(page) ?? [];
  if (!link || !address) return undefined;
  const program = pathToFileURL(path.join(dashboard, '../picture/picture.js')).href;
  const [{ picture }, style] = await Promise.all([
    import(/* @vite-ignore */ program) as Promise<{ picture: (status: Snapshot, overview: Overview) => string }>,
    readFile(path.join(dashboard, address), 'utf8'),
  ]);
  const scripts = (page.match(MODULES) ?? []).filter((element) => element.startsWith('<script')).join('');
  const markup = picture(status, overview);
  const inline = { script: hashOf(SCRIPT), style: hashOf(style) };
  const text = page
    .replace(META_POLICY, (meta) =>
      meta.replace('script-src', `script-src '${inline.script}'`).replace('style-src', `style-src '${inline.style}'`),
    )
    // Compiled while the picture is painted, scripts would take its time: they come last, and one after another.
    .replace(MODULES, '')
    .replace(link, () => `<style>${style}</style><script>${SCRIPT}</script>`)
    .replace(PLACE, () => `<div id="app" ${PICTURE_MARK}>${markup}</div>`)
    .replace('</body>', () => `${scripts}</body>`);
  return { text, inline };
}

function hashOf(text: string): string {
  return `sha256-${process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('base64')}`;
}
