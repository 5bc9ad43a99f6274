// The window's built files over HTTP. What is served is listed once at the start, and a request only looks into that list:
// no path is ever made from a request. Contents are read and compressed when first asked for, and kept.
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Page } from './first-page.ts';

export interface StaticFiles {
  /** Answers with the file at this address; false when there is none. `filled` makes what is sent instead of the file's text. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    pathname: string,
    options?: { readonly status?: number; readonly filled?: (text: string) => Promise<Page> },
  ): Promise<boolean>;
}
interface Listed {
  readonly file: string;
  readonly type: string;
  readonly isText: boolean;
  readonly cache: string;
  content?: Promise<{ plain: Buffer; gzip: Buffer | undefined }>;
}

const TEXT: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};
const BINARY: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};
/** The build puts a hash of the content into these names, so they never change. */
const HASHED = /^\/assets\/.*-[A-Za-z0-9_-]{8}\.\w+$/;
const policyWith = (inline: Page['inline']): string =>
  `default-src 'none'; script-src 'self'${inline ? ` '${inline.script}'` : ''}; style-src 'self'${inline ? ` '${inline.style}'` : ''}; ` +
  "img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS = {
  'content-security-policy': policyWith(undefined),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;
const WORTH_GZIP_BYTES = 1_000;

/** Lists a folder. One that is not there serves nothing: the command line works without a built window. */
export async function openStaticFiles(folder: string): Promise<StaticFiles> {
  const list = await listed(folder);
  const index = list.get('/index.html');
  if (index) list.set('/', index);
  return {
    async serve(request, response, pathname, { status = 200, filled } = {}) {
      const entry = list.get(pathname);
      if (!entry) return false;
      entry.content ??= load(entry);
      const content = await entry.content.catch(() => undefined);
      if (!content) {
        delete entry.content; // a build is just writing it anew
        return false;
      }
      // What is made for one answer goes over the loopback as it is: packing it would take longer than sending it.
      const page = await filled?.(content.plain.toString());
      const gzip = page ? undefined : content.gzip;
      const isGzip = gzip !== undefined && acceptsGzip(String(request.headers['accept-encoding'] ?? ''));
      const bytes = page ? Buffer.from(page.text) : isGzip ? gzip : content.plain;
      response.writeHead(status, {
        ...HEADERS,
        ...(page?.inline ? { 'content-security-policy': policyWith(page.inline) } : {}),
        'content-type': entry.type,
        'content-length': bytes.length,
        'cache-control': entry.cache,
        ...(gzip ? { vary: 'accept-encoding' } : {}),
        ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
      });
      response.end(bytes);
      return true;
    },
  };
}

async function listed(folder: string): Promise<Map<string, Listed>> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const list = new Map<string, Listed>();
  for (const entry of found) {
    const file = path.join(entry.parentPath, entry.name);
    const address = `/${path.relative(folder, file).split(path.sep).join('/')}`;
    const extension = path.extname(entry.name);
    const type = TEXT[extension] ?? BINARY[extension];
    // Neither links, which may lead anywhere, nor hidden files, nor what no browser is meant to load.
    if (!entry.isFile() || type === undefined || /\/\./.test(address)) continue;
    const cache = address === '/index.html' ? 'no-store' : HASHED.test(address) ? 'public, max-age=31536000, immutable' : 'no-cache';
    list.set(address, { file, type, isText: extension in TEXT, cache });
  }
  return list;
}

async function load({ file, isText }: Listed): Promise<{ plain: Buffer; gzip: Buffer | undefined }> {
  const plain = await readFile(file);
  if (!isText || plain.length < WORTH_GZIP_BYTES) return { plain, gzip: undefined };
  const zlib = process.getBuiltinModule('node:zlib');
  const gzip = await new Promise<Buffer>((resolve, reject) =>
    zlib.gzip(plain, { level: 9 }, (error, packed) => (error ? reject(error) : resolve(packed))),
  );
  return { plain, gzip };
}

/** RFC 9110, 12.5.3: `gzip;q=0` forbids it. */
function acceptsGzip(header: string): boolean {
  return header.split(',').some((part) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$)[\d.]+\s*)?$/i.test(part));
}
