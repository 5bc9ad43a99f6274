// The configuration as the window edits it: shown as it stands in the file, judged, saved and taken over at once; and
// what runs on this machine that it could watch besides. Writes config.json and nothing else.
import path from 'node:path';
import { type ParsedConfig, resolveConfig, type ServiceInput } from '../contract/config.ts';
import { errorText, HealthError } from '../contract/errors.ts';
import type { ConfigProblemView, DiscoveredView, OperationOutput, Operations } from '../contract/operations.ts';
import { configPath, type LoadedConfig, readConfigText, writeConfig } from './keep/config-file.ts';
import { configJsonSchemaText } from './keep/config-json-schema.ts';
import { type ConfigProblem, checkConfig } from './keep/config-problems.ts';
import { homeUnusable, realFs, replaceFile } from './keep/durable-file.ts';
import type { Discovered } from './probe/discover-types.ts';

export interface ConfigInForce {
  readonly text: string;
  readonly parsed: ParsedConfig;
}
interface EditDeps {
  readonly home: string;
  readonly version: string;
  inForce(): ConfigInForce;
  /** Puts a configuration in force that has just been written. */
  take(loaded: LoadedConfig): void;
  readonly discover?: (home: string) => Promise<readonly Discovered[]>;
  /** Brings what has happened until now into the logs. */
  readonly flush?: () => Promise<void>;
}
type ConfigFile = OperationOutput<'config'>;

export function createConfigOperations(
  deps: EditDeps,
): Pick<Operations, 'config' | 'schema' | 'validate' | 'saveConfig' | 'discover' | 'replay'> {
  const { home, version, inForce, take, discover = discoverMachine } = deps;
  const file = configPath(home);
  const name = path.basename(file);
  let saving: Promise<unknown> = Promise.resolve();
  let rehearsing: Promise<unknown> = Promise.resolve();
  let looking: Promise<readonly Discovered[]> | undefined;

  /** The file as it stands now; where it can't be read, what is in force, and why. */
  async function current(): Promise<ConfigFile> {
    let text: string;
    try {
      text = await readConfigText(file);
    } catch (error) {
      return { path: file, text: inForce().text, problems: unreadable(error, name) };
    }
    if (text === inForce().text) return { path: file, text, problems: [] };
    const checked = checkConfig(text, name);
    return { path: file, text, problems: checked.ok ? [] : [...checked.problems] };
  }

  async function save(text: string, base: string | undefined): Promise<ConfigFile> {
    const checked = checkConfig(text, name);
    if (!checked.ok) throw refused(checked.problems);
    if (base !== undefined && (await current()).text !== base) {
      throw new HealthError('conflict', `${name} has changed since this edit began. Nothing was written.`, {
        hint: 'Load it again, and make your change there.',
        details: { reason: 'changed-meanwhile' },
      });
    }
    const loaded = await writeConfig(home, text, (target, content) => replaceFile(realFs, target, Buffer.from(content))).catch(
      (error: unknown) => {
        throw homeUnusable(file, "can't be written", error);
      },
    );
    take(loaded);
    return { path: file, text: loaded.text, problems: [] };
  }

  async function rehearse(text: string, from: string | undefined, to: string | undefined): Promise<OperationOutput<'replay'>> {
    const checked = checkConfig(text, name);
    if (!checked.ok) throw refused(checked.problems);
    await deps.flush?.().catch(() => undefined);
    const { replayHome } = await import('./replay.ts'); // needed when somebody is about to change something
    return replayHome({ home, config: checked.config, present: resolveConfig(inForce().parsed), fromMs: msOf(from), toMs: msOf(to) });
  }

  return {
    config: current,
    schema: async () => JSON.parse(configJsonSchemaText(version)) as Record<string, unknown>,
    async validate({ text }) {
      const checked = checkConfig(text, name);
      return checked.ok
        ? { ok: true, problems: [], warnings: [...checked.warnings] }
        : { ok: false, problems: [...checked.problems], warnings: [] };
    },
    /** One at a time, beside the engine's work (replay.ts). */
    replay({ text, from, to }) {
      const asked = rehearsing.then(() => rehearse(text, from, to));
      rehearsing = asked.catch(() => undefined);
      return asked;
    },
    /** One at a time: of two edits with the same base only the first may win. */
    saveConfig({ text, base }) {
      const saved = saving.then(() => save(text, base));
      saving = saved.catch(() => undefined);
      return saved;
    },
    async discover() {
      // Several windows share one look: it takes seconds.
      looking ??= discover(home).finally(() => {
        looking = undefined;
      });
      const found = await looking;
      const watched = new Set(inForce().parsed.services.flatMap(marksOf));
      return found.map(
        ({ service, why, kind }): DiscoveredView => ({
          service: { ...service },
          why,
          kind,
          isWatched: marksOf(service).some((mark) => watched.has(mark)),
        }),
      );
    },
  };
}

/** Loaded when asked: an engine may run for months and never look around. */
async function discoverMachine(home: string): Promise<Discovered[]> {
  return (await import('./setup.ts')).discoverHere(home);
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

function refused(problems: readonly ConfigProblem[]): HealthError {
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new HealthError('config-invalid', `The configuration is refused: ${problems[0]?.message ?? ''}${more}`, {
    hint: 'Nothing was changed.',
    details: { problems },
  });
}

function unreadable(error: unknown, name: string): ConfigProblemView[] {
  const named = error instanceof HealthError ? error.details['problems'] : undefined;
  if (Array.isArray(named)) return named as ConfigProblemView[];
  const found = error instanceof HealthError && error.code === 'config-missing' ? 'no file' : errorText(error);
  const allowed = 'a file that can be read; shown is what is in force';
  return [{ path: '', line: 1, column: 1, found, allowed, message: `${name}: found ${found}; allowed: ${allowed}` }];
}

type Marked = Pick<ServiceInput, 'check'> & {
  readonly recovery?: readonly Remedy[] | undefined;
  readonly proposed?: readonly Remedy[] | undefined;
};
type Remedy = Exclude<ServiceInput['recovery'], undefined>[number] | ParsedConfig['services'][number]['recovery'][number];

/** By what two services are known to be one: the same port of this machine, address, LaunchAgent, command or file. */
function marksOf(service: Marked | ParsedConfig['services'][number]): string[] {
  const { check } = service;
  const remedies = [...(service.recovery ?? []), ...(service.proposed ?? [])].flatMap((remedy): string[] => {
    if (remedy.type === 'launchd') return [`label ${remedy.label}`];
    if (remedy.type === 'command') return [`run ${remedy.run.join('\0')}`];
    if (remedy.type === 'auto' && remedy.keeper) return [`keeper ${remedy.keeper.by} ${remedy.keeper.name}`];
    return 'find' in remedy && remedy.find?.port !== undefined ? [`port ${remedy.find.port}`] : [];
  });
  return [...marksOfCheck(check), ...remedies];
}

function marksOfCheck(check: ServiceInput['check'] | ParsedConfig['services'][number]['check']): string[] {
  switch (check.type) {
    case 'tcp':
      return [isHere(check.host ?? '127.0.0.1') ? `port ${check.port}` : `address ${check.host}:${check.port}`];
    case 'http': {
      const url = new URL(check.url);
      return [isHere(url.hostname) ? `port ${url.port || (url.protocol === 'https:' ? 443 : 80)}` : `address ${url.href}`];
    }
    case 'process':
      return (['match', 'name', 'pidFile'] as const)
        .flatMap((key) => (check[key] === undefined ? [] : [`${key} ${check[key]}`]))
        .concat(check.launchdLabel === undefined ? [] : [`label ${check.launchdLabel}`]);
    case 'log-files':
      return check.paths.map((logs) => `logs ${logs}`);
    case 'command':
      return [`run ${check.run.join('\0')}`];
    case 'disk':
    case 'memory':
      return [check.type];
  }
}

function isHere(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?)$/.test(host);
}
