import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JARVIS_PRESET } from '../../contract/preset.ts';
import { loadConfig, loadConfigFile, writeConfig, writeSchemaFile } from './config-file.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'health-config-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const text = JSON.stringify(JARVIS_PRESET, null, 2);
const config = () => join(home, 'config.json');
/** Stands in for the durable writer. */
const writeText = (path: string, content: string) => writeFile(path, content, { mode: 0o600 });

describe('loading', () => {
  it('gives the resolved configuration, what was written and where', async () => {
    await writeFile(config(), `\uFEFF${text}`);
    const loaded = await loadConfig(home);
    expect(loaded).toMatchObject({ path: config(), text, warnings: [], config: { concurrency: 32 } });
    expect(loaded.parsed.services).toHaveLength(6);
  });

  it('tells absence from every other trouble, and what to do about it', async () => {
    await expect(loadConfig(home)).rejects.toMatchObject({ code: 'config-missing', hint: expect.stringContaining('init') });
    await mkdir(config());
    await expect(loadConfig(home)).rejects.toMatchObject({ code: 'home-unusable', message: expect.stringContaining('not a file') });
  });

  it('hands over every problem of a refused file', async () => {
    await writeFile(config(), '{ "intervall": "5m", "services": 5 }');
    await expect(loadConfig(home)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('and 1 more'),
      details: { problems: [{ path: 'intervall', nearest: 'interval' }, { path: 'services' }] },
    });
  });

  it('refuses bytes that are no UTF-8, with their line and column', async () => {
    await writeFile(config(), Buffer.concat([Buffer.from('{\n  "about": "'), Buffer.from([0xff]), Buffer.from('"\n}')]));
    await expect(loadConfig(home)).rejects.toMatchObject({ code: 'config-invalid', details: { problems: [{ line: 2, column: 13 }] } });
    await writeFile(config(), Buffer.from(`\uFEFF${text}`, 'utf16le'));
    await expect(loadConfig(home)).rejects.toMatchObject({ details: { problems: [{ found: 'UTF-16 text' }] } });
  });

  it('refuses a huge file without reading it', async () => {
    await writeFile(config(), Buffer.alloc(5_000_001, 0x20));
    await expect(loadConfig(home)).rejects.toMatchObject({ details: { problems: [{ found: 'a file of 5000001 bytes' }] } });
  });

  it('refuses a pipe without waiting for somebody to write into it', { timeout: 10_000 }, async () => {
    execFileSync('mkfifo', [config()]);
    try {
      await expect(loadConfig(home)).rejects.toMatchObject({ code: 'home-unusable', message: expect.stringContaining('not a file') });
    } finally {
      closeSync(openSync(config(), constants.O_RDWR)); // should a thread wait after all, it is let go
    }
  });

  it('judges any other file the same way', async () => {
    await writeFile(join(home, 'other.json'), text);
    expect((await loadConfigFile(join(home, 'other.json'))).config.services).toHaveLength(6);
  });
});

describe('writing', () => {
  it('puts a valid text in place and returns it loaded', async () => {
    const loaded = await writeConfig(home, text, writeText);
    expect(loaded.config.services).toHaveLength(6);
    expect(await readFile(config(), 'utf8')).toBe(text);
    expect((await stat(config())).mode & 0o777).toBe(0o600);
  });

  it('leaves the good file alone when the new text is refused', async () => {
    await writeConfig(home, text, writeText);
    await expect(writeConfig(home, '{ "services": [] ', writeText)).rejects.toMatchObject({ code: 'config-invalid' });
    expect(await readFile(config(), 'utf8')).toBe(text);
  });

  it('writes through a link instead of replacing it', async () => {
    await writeFile(join(home, 'real.json'), '{}');
    await symlink(join(home, 'real.json'), config());
    await writeConfig(home, text, writeText);
    expect(await readFile(join(home, 'real.json'), 'utf8')).toBe(text);
  });

  it('writes the schema once, and again only when it is damaged or of another version', async () => {
    expect(await writeSchemaFile(home, '1.0.0', writeText)).toBe(true);
    expect(await writeSchemaFile(home, '1.0.0', writeText)).toBe(false);
    expect(await writeSchemaFile(home, '1.0.1', writeText)).toBe(true);
    await writeFile(join(home, 'config.schema.json'), '{}');
    expect(await writeSchemaFile(home, '1.0.1', writeText)).toBe(true);
  });
});
