// Serves the window's built files as app://bundle/ and forbids every page everything else. Instead of file://, which could read the
// whole disk (https://www.electronjs.org/docs/latest/tutorial/security, 18). Reads only what the folder held at the start.
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { app, protocol, session } from 'electron';

export const APP_ORIGIN = 'app://bundle';
/** The page's text as it is sent. `inline`: the policy's names for elements in it that are no files (`sha256-…`). */
export interface FilledPage {
  readonly text: string;
  readonly inline?: { readonly script: string; readonly style: string };
}
const policyWith = (inline: FilledPage['inline']): string =>
  `default-src 'none'; script-src 'self'${inline ? ` '${inline.script}'` : ''}; style-src 'self'${inline ? ` '${inline.style}'` : ''}; ` +
  "img-src 'self' data:; connect-src 'none'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Before `ready`, once. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }]);
}

/** No window may go elsewhere, open another, embed anything or ask for a permission. */
export function forbidEverything(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate'] as const) {
      contents.on(event as 'will-navigate', (details) => {
        if (!isOurs(details.url)) details.preventDefault();
      });
    }
    contents.on('will-attach-webview', (event) => event.preventDefault());
  });
}

/** After `ready`. `filled`: what is sent instead of the page's own text. */
export function serveApp(folder: string, filled: (page: string) => Promise<FilledPage>): void {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
  const files = filesOf(folder);
  protocol.handle('app', async (request) => {
    const { host, pathname } = new URL(request.url);
    const name = pathname === '/' ? '/index.html' : pathname;
    const file = host === 'bundle' && request.method === 'GET' ? files.get(name) : undefined;
    if (file === undefined) return new Response('Not found', { status: 404, headers: headersOf('.txt') });
    if (name === '/index.html') {
      const { text, inline } = await filled(await readFile(file, 'utf8'));
      return new Response(text, { headers: headersOf('.html', inline) });
    }
    return new Response(new Uint8Array(await readFile(file)), { headers: headersOf(path.extname(file)) });
  });
}

/** Compared in parts: a text that only begins so is another origin. */
export function isOurs(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol: scheme, host } = new URL(url);
  return scheme === 'app:' && host === 'bundle';
}

/** Listed once; no path is ever made from a request. Folder by folder: inside an archive `recursive` is not known to be kept. */
function filesOf(folder: string, prefix = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [name, file] = [`${prefix}/${entry.name}`, path.join(folder, entry.name)];
    if (entry.isDirectory()) for (const [below, belowFile] of filesOf(file, name)) found.set(below, belowFile);
    else if (path.extname(entry.name) in TYPES) found.set(name, file);
  }
  return found;
}

function headersOf(extension: string, inline?: FilledPage['inline']): Record<string, string> {
  return {
    'content-type': TYPES[extension] ?? 'text/plain; charset=utf-8',
    'content-security-policy': policyWith(inline),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };
}
