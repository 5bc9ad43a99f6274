// The self-test behind `doctor`: one line per component, each with the way to mend it. Orders the questions and words
// the answers; what it needs to know of the engine it is handed. Reads files, changes nothing.
import { constants } from 'node:fs';
import { access, lstat, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, ServiceConfig } from '../contract/config.ts';
import { errorText, HealthError, systemCode } from '../contract/errors.ts';
import type { Status } from '../contract/flow.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { ClockPort, ProcessPort } from '../contract/ports.ts';
import { queueSchema } from '../contract/queue.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { sizeText } from '../contract/units.ts';
import type { BackgroundState } from './background.ts';
import { configuredLines } from './doctor-config.ts';
import { type DoctorLine, fine, trouble } from './doctor-line.ts';

export interface DoctorDeps {
  readonly home: string;
  readonly userHome: string;
  readonly uid: number;
  readonly nodeVersion: string;
  readonly clock: ClockPort;
  readonly env: { readonly PATH?: string | undefined };
  /** To see who has a port; without them, ports and patterns are not looked at. */
  readonly processes?: Pick<ProcessPort, 'portOwners' | 'identify'> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The home's configuration; rejects `config-missing`, `config-invalid`, `home-unusable`. */
  loadConfig(): Promise<{ readonly config: Config; readonly warnings: readonly { readonly message: string }[] }>;
  /** Throws, with the first wrong place, when the value is not what this state file holds. */
  parseState(file: string, value: unknown): unknown;
  readOwner(): Promise<{ readonly pid?: number | undefined; readonly mode?: string | undefined } | undefined>;
  /** Whether the engine answers on its control socket. */
  isUp(): Promise<boolean>;
  /** What the running engine says of itself; undefined where none answers. */
  engineView?(): Promise<Snapshot['engine'] | undefined>;
  backgroundState(): Promise<BackgroundState>;
  /** Size of history.db and what its check says, `ok` when nothing is wrong; undefined when there is none. Rejects when it is none. */
  historyState(): Promise<{ readonly bytes: number; readonly check: string } | undefined>;
  /** Folder of the dashboard's built files. */
  readonly dashboard: string;
  findHelper(): Promise<{ readonly kind: string; readonly found?: string; readonly mend?: string }>;
  /** One look at a service, without remedy, alert or record. */
  trial(service: ServiceConfig): Promise<{ readonly status: Status; readonly message: string }>;
}

const NODE_MAJOR = 24;
const RESERVE_BYTES = 4_000_000;
const LITTLE_BYTES = 200_000_000;
const SANE_SINCE_MS = Date.UTC(2026, 0, 1); // no clock that is right says less
const FUTURE_MS = 120_000;
const STATE_FILES = [HOME_FILES.healthState, HOME_FILES.recoveryState, HOME_FILES.alertState];
const LOG_FILES = [HOME_FILES.healthLog, HOME_FILES.recoveryLog, HOME_FILES.alertsLog];

/** All lines in a fixed order. A question that fails is itself a line; none stops the others. */
export async function* runDoctor(deps: DoctorDeps): AsyncIterable<DoctorLine> {
  yield nodeLine(deps.nodeVersion);
  yield await asked('home', () => homeLine(deps));
  yield await asked('space', () => spaceLine(deps.home));
  const loaded = await deps.loadConfig().catch((error: unknown) => error as Error);
  const config = loaded instanceof Error ? undefined : loaded.config;
  yield loaded instanceof Error ? refusedLine(loaded) : configLine(loaded);
  if (config) yield* configuredLines(config, deps);
  yield await asked('notifications', () => noticeLine(deps, config));
  yield* await engineLines(deps);
  yield await asked('background service', () => backgroundLine(deps));
  for (const file of STATE_FILES) yield await asked(file, () => stateLine(deps, file));
  for (const file of LOG_FILES) yield await asked(file, () => logLine(deps.home, file));
  yield await asked(HOME_FILES.queue, () => queueLine(deps.home));
  yield await asked(HOME_FILES.history, () => historyLine(deps));
  yield await asked('dashboard', () => dashboardLine(deps));
  // They wait for each other's answers only in the order of the lines.
  const trials = (config?.services ?? []).map((service) => asked(`check ${service.id}`, () => trialLine(deps, service)));
  for (const trial of trials) yield await trial;
  yield await asked('clock', () => clockLine(deps));
}

async function asked(component: string, question: () => Promise<DoctorLine>): Promise<DoctorLine> {
  try {
    return await question();
  } catch (error) {
    const denied = systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM';
    return trouble(
      component,
      `could not look: ${errorText(error)}`,
      denied ? 'Give this user the right to read it.' : 'See the message; the rest of this test is not affected.',
    );
  }
}

function nodeLine(version: string): DoctorLine {
  const isEnough = Number.parseInt(version, 10) >= NODE_MAJOR;
  return isEnough ? fine('node', version) : trouble('node', version, `Install Node ${NODE_MAJOR} or newer.`);
}

async function homeLine({ home, uid }: DoctorDeps): Promise<DoctorLine> {
  const folder = await stat(home).catch(() => undefined);
  if (!folder) return trouble('home', `${home} is not there yet`, 'The first start makes it: jarvis-health start', 'warning');
  if (!folder.isDirectory()) return trouble('home', `${home} is no folder`, 'Move it away, or choose another with --home.');
  if (folder.uid !== uid) return trouble('home', `${home} belongs to user ${folder.uid}`, `sudo chown -R ${uid} '${home}'`);
  await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
  if ((folder.mode & 0o077) !== 0) return trouble('home', `others may look into ${home} (${octal(folder.mode)})`, `chmod 700 '${home}'`);
  const open: string[] = [];
  for (const name of await readdir(home)) {
    const file = await lstat(join(home, name)).catch(() => undefined);
    if (file?.isFile() && (file.mode & 0o077) !== 0) open.push(name);
  }
  if (open.length === 0) return fine('home', `${home}, private`);
  return trouble(
    'home',
    `others may read ${open.join(', ')}`,
    `chmod go-rwx ${open.map((name) => `'${join(home, name)}'`).join(' ')}`,
    'warning',
  );
}

async function spaceLine(home: string): Promise<DoctorLine> {
  const disk = await statfs(home).catch(() => undefined);
  if (!disk) return trouble('space', 'no home to measure yet', 'jarvis-health start', 'warning');
  const freeBytes = disk.bavail * disk.bsize;
  const reserve = await stat(join(home, HOME_FILES.reserve)).catch(() => undefined);
  const found = `${sizeText(freeBytes)} free, reserve ${reserve ? sizeText(reserve.size) : 'not there'}`;
  if (freeBytes < RESERVE_BYTES) return trouble('space', found, 'Free some space on this disk: nothing can be recorded.');
  if (freeBytes < LITTLE_BYTES) return trouble('space', found, 'Free some space on this disk soon.', 'warning');
  if (!reserve || reserve.size < RESERVE_BYTES) return trouble('space', found, 'The engine makes it at its next start.', 'warning');
  return fine('space', found);
}

function configLine({ config, warnings }: Awaited<ReturnType<DoctorDeps['loadConfig']>>): DoctorLine {
  const found = `${config.services.length} services`;
  const [first] = warnings;
  if (!first) return fine('configuration', found);
  return trouble('configuration', `${found}; ${first.message}`, 'jarvis-health validate shows every warning.', 'warning');
}
function refusedLine(error: Error): DoctorLine {
  if (error instanceof HealthError && error.code === 'config-missing') {
    return trouble('configuration', 'there is none yet', 'jarvis-health init, or jarvis-health start', 'warning');
  }
  return trouble('configuration', errorText(error).split('\n')[0] ?? '', 'jarvis-health validate shows every problem with its line.');
}

async function noticeLine(deps: DoctorDeps, config: Config | undefined): Promise<DoctorLine> {
  if (config && !config.channels.includes('notification')) return fine('notifications', 'not wanted (alerts.channels)');
  const helper = await deps.findHelper();
  if (helper.kind !== 'none') return fine('notifications', helper.kind);
  return trouble('notifications', helper.found ?? 'no helper', helper.mend ?? 'Remove "notification" from alerts.channels.');
}

async function engineLines(deps: DoctorDeps): Promise<DoctorLine[]> {
  const owner = await deps.readOwner().catch((error: unknown) => error as Error);
  if (owner instanceof Error) return [trouble('engine', `could not look: ${owner.message}`, 'See the line about the home.')];
  if (!owner) return [trouble('engine', 'not running: nobody is looking', 'jarvis-health start', 'warning')];
  const engine = fine('engine', `running, ${owner.mode ?? 'starting'}${owner.pid === undefined ? '' : `, pid ${owner.pid}`}`);
  const socket = await asked('control socket', async () =>
    (await deps.isUp()) ? fine('control socket', 'answers') : trouble('control socket', 'does not answer', 'jarvis-health restart'),
  );
  return [engine, socket, ...(await energyLine(deps))];
}

/** How often it wakes the machine, on which power. */
async function energyLine({ engineView }: DoctorDeps): Promise<DoctorLine[]> {
  const engine = await engineView?.().catch(() => undefined);
  if (!engine || engine.wakeUpsPerHour === undefined) return [];
  const { wakeUpsPerHour, onBattery } = engine;
  const power = onBattery === null || onBattery === undefined ? '' : onBattery ? ', on battery' : ', plugged in';
  const count = wakeUpsPerHour === null ? 'its first minute: not counted yet' : `${wakeUpsPerHour} wake-ups an hour since its start`;
  return [fine('energy', `${count}${power}`)];
}

async function backgroundLine(deps: DoctorDeps): Promise<DoctorLine> {
  const state = await deps.backgroundState();
  const name = 'background service';
  if (state.kind === 'detached') {
    return trouble(
      name,
      'no service manager here: it does not come back after a login or a crash',
      'Start it at login with jarvis-health start.',
      'warning',
    );
  }
  if (state.program?.kind === 'stale')
    return trouble(
      name,
      `${state.kind}: ${state.path} ${state.program.why}`,
      'jarvis-health doctor --repair, or jarvis-health restart',
      'warning',
    );
  // Another checkout's engine looks after this home as well as ours would: whose it is, is its owner's matter.
  if (state.program?.kind === 'other')
    return fine(
      name,
      `${state.kind}: ${state.path} starts another installation, ${state.program.name}; jarvis-health restart makes it start this one`,
    );
  if (state.installed) return fine(name, `${state.kind}: ${state.path}`);
  return trouble(name, `${state.kind}: not installed, so it does not start at login`, 'jarvis-health start', 'warning');
}

async function stateLine(deps: DoctorDeps, file: string): Promise<DoctorLine> {
  return await readable(deps.home, file, (value) => deps.parseState(file, value));
}
async function queueLine(home: string): Promise<DoctorLine> {
  return await readable(home, HOME_FILES.queue, (value) => {
    const { alerts } = queueSchema.parse(value);
    return `${alerts.filter((alert) => alert.state === 'pending').length} pending, ${alerts.filter((alert) => alert.state === 'claimed').length} claimed`;
  });
}
async function readable(home: string, file: string, parse: (value: unknown) => unknown): Promise<DoctorLine> {
  const text = await readFile(join(home, file), 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return fine(file, 'not there yet');
  try {
    const said = parse(JSON.parse(text));
    return fine(file, typeof said === 'string' ? said : 'readable');
  } catch (error) {
    return trouble(
      file,
      `damaged: ${errorText(error).split('\n')[0]}`,
      'The engine moves it aside and starts anew; or restore it from a backup while the engine is stopped.',
    );
  }
}

async function logLine(home: string, file: string): Promise<DoctorLine> {
  const path = join(home, file);
  const found = await stat(path).catch(() => undefined);
  if (!found) return fine(file, 'not there yet');
  if (!found.isFile()) return trouble(file, 'is no file', `Move ${path} away.`);
  await access(path, constants.W_OK);
  return fine(file, `${sizeText(found.size)}, writable`);
}

async function historyLine(deps: DoctorDeps): Promise<DoctorLine> {
  const mend = 'The engine moves it aside at its next start and fills a new one from the logs: jarvis-health restart';
  const found = await deps.historyState().catch((error: unknown) => error as Error);
  if (found instanceof Error) return trouble(HOME_FILES.history, `cannot be opened: ${found.message}`, mend);
  if (!found) return fine(HOME_FILES.history, 'not there yet');
  if (found.check !== 'ok') return trouble(HOME_FILES.history, `damaged: ${found.check}`, mend);
  return fine(HOME_FILES.history, `${sizeText(found.bytes)}, undamaged`);
}

async function dashboardLine({ home, dashboard }: DoctorDeps): Promise<DoctorLine> {
  if (!(await stat(join(dashboard, 'index.html')).catch(() => undefined)))
    return trouble('dashboard', 'is not built', 'npm run build', 'warning');
  const token = await stat(join(home, HOME_FILES.apiToken)).catch(() => undefined);
  return fine('dashboard', token ? 'built, with a token for programs; jarvis-health open' : 'built; jarvis-health open');
}

/** A service that is down is no fault of the check: that it could be looked at is what is tested here. */
async function trialLine(deps: DoctorDeps, service: ServiceConfig): Promise<DoctorLine> {
  const { status, message } = await deps.trial(service);
  const component = `check ${service.id}`;
  if (status === 'unknown') return trouble(component, `cannot look: ${message}`, `See the check of "${service.id}" in the configuration.`);
  if (status === 'ok') return fine(component, message);
  // Without a remedy `heal` is refused.
  const way = service.recovery.length > 0 ? `jarvis-health heal ${service.id}` : 'write a remedy into its recovery, or mend it yourself';
  return trouble(component, `${status}: ${message}`, `The check works; the service needs a look: ${way}.`, 'warning');
}

async function clockLine(deps: DoctorDeps): Promise<DoctorLine> {
  const { wallMs, bootMs } = deps.clock.now();
  const at = new Date(wallMs).toISOString();
  const mend = 'Set the clock, and let the system keep it (timedatectl set-ntp true; on a Mac: System Settings, Date & Time).';
  if (wallMs < SANE_SINCE_MS) return trouble('clock', `it says ${at}`, mend);
  if (bootMs < 0 || bootMs > wallMs) return trouble('clock', `it says ${at}, but the machine has been up longer than that`, mend);
  for (const file of [...STATE_FILES, ...LOG_FILES]) {
    const written = await stat(join(deps.home, file)).catch(() => undefined);
    if (written && written.mtimeMs > wallMs + FUTURE_MS)
      return trouble('clock', `it says ${at}, but ${file} was written later: it was set back`, mend, 'warning');
  }
  return fine('clock', at);
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
