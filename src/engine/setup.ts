// What is done before or beside an engine: find what runs here, write a first configuration, check one, know the owner.
// The command line's other door; each function opens what it needs and leaves nothing behind.
import os from 'node:os';
import path from 'node:path';
import type { Config } from '../contract/config.ts';
import { HealthError } from '../contract/errors.ts';
import { JARVIS_PRESET } from '../contract/preset.ts';
import type { ReplayReport } from '../contract/replay.ts';
import { createCommandPort } from './commands.ts';
import { configPath, loadConfig, readConfigText, writeConfig, writeSchemaFile } from './keep/config-file.ts';
import { configJsonSchemaText } from './keep/config-json-schema.ts';
import { checkConfig, formatProblems } from './keep/config-problems.ts';
import { realFs, replaceFile } from './keep/durable-file.ts';
import { openHome } from './keep/home.ts';
import { createPm2Port } from './pm2-rpc.ts';
import type { Discovered } from './probe/discover.ts';
import type { Means } from './probe/means.ts';
import { createProcessPort } from './probe/processes.ts';
import { createStartService } from './start-service.ts';
import { bootId, createClock, realTimers } from './system.ts';

export { readOwner } from './keep/ownership.ts';
export type { Discovered } from './probe/discover.ts';

/** The real ports, for whoever starts or stops the engine itself. */
export async function machinePorts() {
  const clock = createClock(await bootId(process.platform));
  const processes = createProcessPort({ clock });
  const commands = createCommandPort({ processes, timers: realTimers });
  return { clock, processes, commands, timers: realTimers, start: createStartService({ processes }) };
}

/** What runs on this machine and could be watched. Reads only. */
export async function discoverHere(home: string): Promise<Discovered[]> {
  const { discover } = await import('./probe/discover.ts'); // needed once in the life of a home
  const { processes, commands, timers } = await machinePorts();
  const pm2 = createPm2Port(timers);
  return discover({
    pm2,
    platform: process.platform,
    processes,
    commands,
    timers,
    userHome: os.homedir(),
    uid: process.getuid?.() ?? 0,
    home,
  });
}

/** Is there a configuration in this home? */
export async function hasConfig(home: string): Promise<boolean> {
  return (await realFs.lstat(configPath(home)).catch(() => undefined)) !== undefined;
}

export interface FirstConfig {
  readonly path: string;
  readonly found: readonly Discovered[];
}

/** Writes a first configuration: what was discovered, watched and not repaired; or a preset, which a person chose by name.
 * Rejects `conflict` when there is one already: a person's file is never overwritten. */
export async function writeFirstConfig(home: string, version: string, preset?: string): Promise<FirstConfig> {
  if (preset !== undefined && preset !== 'jarvis')
    throw new HealthError('usage', `There is no preset ${preset}.`, { hint: 'Known is: jarvis.' });
  await openHome(home);
  if (await hasConfig(home)) {
    throw new HealthError('conflict', `There is a configuration already: ${configPath(home)}`, { hint: 'Edit it, or move it away first.' });
  }
  const { clock } = await machinePorts();
  const { configFromDiscovery } = await import('./probe/discover.ts');
  const found = preset === undefined ? await discoverHere(home) : [];
  const text =
    preset === undefined ? configFromDiscovery(found, { home, now: clock.now() }).text : `${JSON.stringify(JARVIS_PRESET, null, 2)}\n`;
  const write = (file: string, content: string): Promise<void> => replaceFile(realFs, file, Buffer.from(content));
  await writeConfig(home, text, write);
  await writeSchemaFile(home, version, write);
  return { path: configPath(home), found };
}

/** Judges a file, by default the home's. Rejects `config-invalid` with every problem, as text and as data. */
export async function validateFile(
  file: string | undefined,
  home: string,
  withMeans = false,
): Promise<{ path: string; services: number; warnings: string; means: Means[] }> {
  const target = file === undefined ? configPath(home) : path.resolve(file);
  const name = path.basename(target);
  const checked = checkConfig(await configTextOf(file, home), target);
  if (!checked.ok) {
    throw new HealthError('config-invalid', `${name} is refused:\n${formatProblems(checked.problems, name)}`, {
      details: { problems: checked.problems },
    });
  }
  const warnings = checked.warnings.length > 0 ? formatProblems(checked.warnings, name) : '';
  return { path: target, services: checked.config.services.length, warnings, means: withMeans ? await meansOf(checked.config) : [] };
}

/** What a remedy of this configuration would lack here, without doing anything. */
async function meansOf(config: Config): Promise<Means[]> {
  const { checkMeans } = await import('./probe/means.ts');
  const { processes } = await machinePorts();
  const context = { userHome: os.homedir(), searchPath: process.env['PATH'], processes, signal: new AbortController().signal };
  const lacking: Means[] = [];
  for await (const means of checkMeans(config, context)) if (means.ok !== true) lacking.push(means);
  return lacking;
}

/** The ids of the services that the home's configuration names; undefined where there is none that can be read. */
export function configuredIds(home: string): Promise<string[] | undefined> {
  return loadConfig(home).then(
    ({ config }) => config.services.map(({ id }) => id),
    () => undefined,
  );
}

/** The text of a file that a person may have named, read as the home's configuration is. */
export function configTextOf(file: string | undefined, home: string): Promise<string> {
  return file === undefined ? readConfigText(configPath(home)) : readConfigText(path.resolve(file), true);
}

export const schemaText = configJsonSchemaText;

/** The schema beside the configuration, for editors. */
export async function writeSchema(home: string, version: string): Promise<void> {
  await writeSchemaFile(home, version, (file, content) => replaceFile(realFs, file, Buffer.from(content)));
}

/** A rehearsal without an engine: only reads, and nobody needs to own the home. Rejects `config-invalid`. */
export async function replayFile(options: {
  home: string;
  file: string;
  text: string;
  fromMs: number;
  toMs: number;
}): Promise<ReplayReport> {
  const { home, file, text, fromMs, toMs } = options;
  const checked = checkConfig(text, path.basename(file));
  if (!checked.ok) {
    throw new HealthError(
      'config-invalid',
      `${path.basename(file)} is refused:\n${formatProblems(checked.problems, path.basename(file))}`,
      {
        details: { problems: checked.problems },
      },
    );
  }
  const present = await loadConfig(home).catch(() => undefined); // what is in force is only compared with
  const { replayHome } = await import('./replay.ts');
  return replayHome({ home, config: checked.config, present: present?.config, fromMs, toMs });
}
