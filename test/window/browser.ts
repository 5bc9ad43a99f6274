// A real Chromium out of an npm package, for the tests of the window and its screenshots. One process; pages are cheap.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

/** `more`: further switches of the command line. */
export async function startBrowser(more: readonly string[] = []): Promise<Browser> {
  return playwright.launch({
    // That package is for Linux; a Mac has Chrome installed.
    ...(process.platform === 'linux' ? { executablePath: await chromium.executablePath() } : { channel: 'chrome' }),
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--font-render-hinting=none',
      '--hide-scrollbars',
      '--force-color-profile=srgb',
      ...more,
    ],
    env: { ...process.env, LANG: 'en_US.UTF-8', LC_ALL: 'en_US.UTF-8', FONTCONFIG_FILE: fonts() },
  });
}

/** Open Sans from the same package as the system font: bare machines have none that is good to look at. */
function fonts(): string {
  const folder = path.join(os.tmpdir(), 'jarvis-health-fonts');
  const config = path.join(folder, 'fonts.conf');
  if (existsSync(config)) return config;
  mkdirSync(folder, { recursive: true });
  const packed = path.resolve(path.dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../../bin/fonts.tar.br');
  untar(brotliDecompressSync(readFileSync(packed)), folder);
  writeFileSync(
    config,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${folder}</dir><dir>/usr/share/fonts</dir><cachedir>${folder}/cache</cachedir>
${['system-ui', 'sans-serif', 'BlinkMacSystemFont', 'Segoe UI'].map((name) => `<match target="pattern"><test name="family"><string>${name}</string></test><edit name="family" mode="prepend" binding="strong"><string>Open Sans</string></edit></match>`).join('\n')}
</fontconfig>`,
  );
  return config;
}

/** Only what this archive needs: plain files with short names. */
function untar(bytes: Buffer, folder: string): void {
  for (let at = 0; at + 512 <= bytes.length; ) {
    const name = bytes.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(bytes.toString('utf8', at + 124, at + 136), 8) || 0;
    if (name.endsWith('.ttf')) writeFileSync(path.join(folder, path.basename(name)), bytes.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
