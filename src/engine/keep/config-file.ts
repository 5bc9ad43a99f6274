// The home's config.json: read whole and judged before anybody uses it; written only when it is valid, so that a bad
// edit never replaces a good file. Reads and writes that file and config.schema.json, nothing else.
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, ParsedConfig } from '../../contract/config.ts';
import { errorText, HealthError, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import { configJsonSchemaText, schemaComment } from './config-json-schema.ts';
import { type ConfigProblem, checkConfig } from './config-problems.ts';

export interface LoadedConfig {
  readonly config: Config;
  readonly parsed: ParsedConfig;
  /** The text as it stands in the file, without a byte order mark. */
  readonly text: string;
  readonly path: string;
  readonly warnings: readonly ConfigProblem[];
}
/** Writes a text atomically and durably, mode 0600 (keep/durable-file). */
export type WriteText = (path: string, text: string) => Promise<void>;

const MAX_BYTES = 5_000_000;

export function configPath(home: string): string {
  return join(home, HOME_FILES.config);
}

/** The home's configuration. Rejects like `loadConfigFile`. */
export function loadConfig(home: string): Promise<LoadedConfig> {
  return loadConfigFile(configPath(home));
}

/** Any file as a configuration. Rejects with HealthError: `config-missing` when absent, `home-unusable` when it can't be
 * read, `config-invalid` with `details.problems` (ConfigProblem[]) when it is refused. */
export async function loadConfigFile(path: string): Promise<LoadedConfig> {
  return judged(await readConfigText(path), path);
}

/** The text of a configuration file, UTF-8, at most 5 MB, byte order mark removed. Rejects like `loadConfigFile`.
 * `isNamed`: a person has named this file; that it is missing is no reason to write a first one. */
export async function readConfigText(path: string, isNamed = false): Promise<string> {
  let bytes: Buffer;
  try {
    // A pipe would never end, a device might not either; opening a pipe already waits for its writer, so that is asked before.
    if (!(await stat(path)).isFile()) throw notAFile(path);
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const opened = await file.stat();
      if (!opened.isFile()) throw notAFile(path);
      if (opened.size > MAX_BYTES) throw refused(path, [whole(path, `a file of ${opened.size} bytes`, `at most ${MAX_BYTES} bytes`)]);
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof HealthError) throw error;
    if (systemCode(error) === 'ENOENT') throw await missing(path, isNamed);
    throw new HealthError('home-unusable', `${path} can't be read: ${errorText(error)}`, { cause: error });
  }
  if (!isUtf8(bytes)) throw refused(path, [notUtf8(path, bytes)]);
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** Replaces the home's configuration. Rejects with `config-invalid` and writes nothing when `text` is refused. */
export async function writeConfig(home: string, text: string, writeText: WriteText): Promise<LoadedConfig> {
  const path = configPath(home);
  const loaded = judged(text.replace(/^\uFEFF/, ''), path);
  // People link their configuration from elsewhere; replacing by rename would cut the link.
  const target = await realpath(path).catch(() => path);
  await writeText(target, loaded.text);
  return loaded;
}

/** Writes the home's config.schema.json when it is missing or of another version; true when it did. Making the text
 * costs time and memory, so the version in its first lines is compared, not the whole. */
export async function writeSchemaFile(home: string, version: string, writeText: WriteText): Promise<boolean> {
  const path = join(home, HOME_FILES.configSchema);
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before?.includes(schemaComment(version))) return false;
  const text = configJsonSchemaText(version);
  await writeText(path, text);
  return true;
}

function judged(text: string, path: string): LoadedConfig {
  const checked = checkConfig(text, path);
  if (!checked.ok) throw refused(path, checked.problems);
  return { config: checked.config, parsed: checked.parsed, text, path, warnings: checked.warnings };
}

async function missing(path: string, isNamed: boolean): Promise<HealthError> {
  const target = await readlink(path).catch(() => undefined);
  if (target !== undefined)
    return new HealthError('config-missing', `${path} is a link to ${target}, which is not there`, {
      hint: 'Put the file there, or remove the link.',
    });
  if (isNamed) return new HealthError('config-missing', `There is no file ${path}`);
  return new HealthError('config-missing', `There is no configuration at ${path}`, { hint: 'jarvis-health init writes one.' });
}

function notAFile(path: string): HealthError {
  return new HealthError('home-unusable', `${path} is not a file`);
}

function refused(path: string, problems: readonly ConfigProblem[]): HealthError {
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new HealthError('config-invalid', `The configuration is refused: ${problems[0]?.message ?? path}${more}`, {
    hint: 'jarvis-health validate shows every problem.',
    details: { problems },
  });
}

function whole(path: string, found: string, allowed: string, line = 1, column = 1): ConfigProblem {
  return { path: '', line, column, found, allowed, message: `${path}:${line}:${column} found ${found}; allowed: ${allowed}` };
}

/** No line break hides inside a UTF-8 character, so the first bad line holds the first bad byte. */
function notUtf8(path: string, bytes: Buffer): ConfigProblem {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) return whole(path, 'UTF-16 text', 'UTF-8 text');
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    const content = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (!isUtf8(content)) {
      const column = content.toString('utf8').indexOf('\uFFFD') + 1;
      return whole(path, 'bytes that are no UTF-8 text', 'UTF-8 text', line, column);
    }
    if (end < 0) return whole(path, 'bytes that are no UTF-8 text', 'UTF-8 text');
    start = end + 1;
  }
}
