// Can what the configuration asks for be done on this machine at all? Programs that can be run as a remedy would run them, folders
// and logs that can be used, a port that is held by a stranger, patterns that name no file. Looks, and does nothing.
// Longer than 250 lines would be wrong here: split before that.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Config, ServiceConfig } from '../../contract/config.ts';
import { systemCode } from '../../contract/errors.ts';
import type { Supervisor } from '../../contract/keeper.ts';
import { compileMatch } from '../../contract/match.ts';
import { plainLine } from '../../contract/plain-text.ts';
import type { ProcessPort, ProcessRow } from '../../contract/ports.ts';
import { ancestorsOf } from '../../contract/process-tree.ts';
import { statOnce } from '../ask-once.ts';
import { expandPath } from '../expand-path.ts';
import { findProgram } from '../find-program.ts';
import { programOf } from './discover-argv.ts';
import { findFiles } from './glob.ts';

export interface MeansContext {
  readonly userHome: string;
  /** PATH that a remedy's command would have, where the configuration sets none. */
  readonly searchPath: string | undefined;
  /** Whose processes are the service's; default: this user's. */
  readonly uid?: number | undefined;
  /** Without it, ports are not looked at. */
  readonly processes?: Pick<ProcessPort, 'portOwners' | 'identify'> | undefined;
  /** Without it, patterns are not looked at. */
  readonly signal?: AbortSignal | undefined;
}
export interface Means {
  /** `program python3`, `script app.py`, `folder /x`, `log /x`, `port 3000`, `files /x/*.log`. */
  readonly component: string;
  /** Ids of the services that need it. */
  readonly services: readonly string[];
  /** `warning`: it may be meant so, or change by itself. */
  readonly ok: boolean | 'warning';
  readonly found: string;
  /** What to do about it; null when all is well. */
  readonly mend: string | null;
}

interface Need {
  readonly service: string;
  readonly kind: 'program' | 'script' | 'folder' | 'log' | 'port' | 'files';
  readonly path: string;
  /** Where a relative program is looked for; undefined: none is named, and the engine's own is nobody's business. */
  readonly cwd: string | undefined;
  /** Its own PATH, where the configuration sets one; the `match` of a port. */
  readonly detail: string | undefined;
}
type Finding = Omit<Means, 'component' | 'services'>;

/** What has to be there to ask each; PM2 is spoken to directly. */
const KEEPER_PROGRAMS: Record<Supervisor, string | undefined> = {
  launchd: '/bin/launchctl',
  brew: 'brew',
  pm2: undefined,
  systemd: 'systemctl',
  docker: 'docker',
  supervisord: 'supervisorctl',
};

/** One for each program, folder, log, port and pattern, however many services name it. */
export async function* checkMeans(config: Config, context: MeansContext): AsyncIterable<Means> {
  const needs = new Map<string, { need: Need; services: Set<string> }>();
  for (const need of config.services.flatMap((service) => needsOf(service, context))) {
    const key = [need.kind, need.path, isFrom(need) ? (need.cwd ?? '') : '', need.detail].join('\0');
    const known = needs.get(key) ?? { need, services: new Set<string>() };
    known.services.add(need.service);
    needs.set(key, known);
  }
  for (const { need, services } of needs.values()) {
    const finding = await LOOK[need.kind](need, [...services].join(', '), context);
    yield { component: `${need.kind} ${need.path}`, services: [...services], ...finding };
  }
}

/** Whether it is counted from a folder. */
function isFrom({ kind, path }: Need): boolean {
  return kind === 'script' || (kind === 'program' && path.includes('/'));
}

function needsOf(service: ServiceConfig, { userHome, processes, signal }: MeansContext): Need[] {
  const expand = (path: string) => expandPath(path, userHome);
  const serviceCwd = service.cwd === undefined ? undefined : expand(service.cwd);
  const needs: Need[] = [];
  const add = (kind: Need['kind'], path: string | undefined, cwd?: string, detail?: string) => {
    if (path === undefined) return;
    const isPath = kind === 'folder' || kind === 'log';
    needs.push({ service: service.id, kind, path: isPath ? expand(path) : path, cwd, detail });
  };
  add('folder', service.cwd);
  if (service.check.type === 'command') {
    const { run, cwd, env } = service.check;
    add('folder', cwd);
    add('program', run[0], cwd === undefined ? undefined : expand(cwd), env?.['PATH']); // a check has its own folder only
  }
  for (const remedy of service.recovery) {
    switch (remedy.type) {
      case 'command':
      case 'restart-process': {
        add('folder', remedy.cwd);
        const cwd = remedy.cwd === undefined ? serviceCwd : expand(remedy.cwd);
        const argv = remedy.type === 'command' ? remedy.run : remedy.start;
        add('program', argv[0], cwd, remedy.env?.['PATH']);
        add('script', scriptOf(argv), cwd);
        if (remedy.type === 'command') break;
        add('log', remedy.log);
        if (processes && remedy.find.port !== undefined) add('port', String(remedy.find.port), cwd, remedy.find.match);
        break;
      }
      case 'rotate-logs':
        add('program', remedy.after?.[0], serviceCwd);
        if (signal) for (const path of remedy.paths ?? []) add('files', path);
        break;
      case 'delete-old-logs':
        if (signal) for (const path of remedy.paths) add('files', path);
        break;
      case 'launchd':
        add('program', '/bin/launchctl');
        break;
      case 'auto': {
        const cwd = remedy.cwd === undefined ? serviceCwd : expand(remedy.cwd);
        add('folder', remedy.cwd);
        add('program', remedy.keeper ? KEEPER_PROGRAMS[remedy.keeper.by] : undefined);
        add('program', remedy.start?.[0], cwd, remedy.env?.['PATH']);
        add('script', remedy.start && scriptOf(remedy.start), cwd);
        add('log', remedy.log);
        break;
      }
      case 'log-top-processes':
      case 'http':
        break;
    }
  }
  return needs;
}

const fine = (found: string): Finding => ({ ok: true, found, mend: null });
const trouble = (found: string, mend: string, ok: false | 'warning' = false): Finding => ({ ok, found, mend });

const LOOK: Record<Need['kind'], (need: Need, who: string, context: MeansContext) => Promise<Finding>> = {
  async program(need, who, { searchPath }) {
    if (need.path.includes('/') && !isAbsolute(need.path) && need.cwd === undefined)
      return trouble('is looked for in the folder of the engine, which may be any', `Write its whole path, or a cwd (${who}).`);
    const found = await findProgram(need.path, { searchPath: need.detail ?? searchPath, cwd: need.cwd });
    if (found.kind === 'found') return fine(found.path);
    return found.kind === 'not-executable'
      ? trouble(`${found.path} may not be run`, `chmod u+x '${found.path}'`)
      : need.path.startsWith('~/')
        ? trouble('not found: a command knows no "~"', `Write its whole path in the configuration (${who}).`)
        : need.path.includes('/')
          ? trouble('is not there', `Install it, or correct the configuration (${who}).`)
          : trouble('not found on PATH', `Install it, or write its whole path in the configuration (${who}).`);
  },
  async script({ path, cwd }, who) {
    const file = isAbsolute(path) ? path : cwd === undefined ? undefined : resolve(cwd, path);
    if (file === undefined) return fine('counts from the folder of the engine');
    const found = await statOnce(file).catch((error: unknown) => systemCode(error));
    if (typeof found !== 'object' && found !== 'ENOENT' && found !== 'ENOTDIR') return fine('not to be seen from here');
    return typeof found === 'object'
      ? fine(file)
      : trouble(`${file} is not there`, `Bring it back, or correct the configuration (${who}).`);
  },
  async folder({ path }, who) {
    const found = await statOnce(path).catch(() => undefined);
    if (!found?.isDirectory()) return trouble(found ? 'is no folder' : 'is not there', `Make it, or correct the configuration (${who}).`);
    return (await may(path, constants.X_OK)) ? fine('there') : trouble('may not be entered', `chmod u+x '${path}'`);
  },
  async log({ path }, who) {
    const found = await statOnce(path).catch((error: unknown) => systemCode(error));
    if (typeof found === 'object') {
      // What startService takes: /dev/null is no mistake.
      if (!found.isFile() && !found.isCharacterDevice()) return trouble('is no file', `Correct the configuration (${who}).`);
      return (await may(path, constants.W_OK)) ? fine('writable') : trouble('may not be written', `chmod u+w '${path}'`);
    }
    const folder = dirname(path);
    if (await may(folder, constants.W_OK | constants.X_OK)) return fine('not there yet; can be made');
    return trouble(`can't be made in ${folder}`, `Make that folder writable, or correct the configuration (${who}).`);
  },
  /** A stranger on the port would be refused at night (R13); that nobody listens is the check's business. */
  async port({ path, detail = '' }, who, { processes, uid = process.getuid?.() ?? 0 }) {
    const owners = await processes?.portOwners(Number(path)).catch(() => undefined);
    if (owners?.kind !== 'known' || owners.pids.length === 0) return fine(owners?.kind === 'known' ? 'free' : 'nobody tells who has it');
    const rows = (await Promise.all(owners.pids.map((pid) => processes?.identify(pid)))).filter((row) => row !== undefined);
    const matches = compileMatch(detail);
    const isOurs = (row: ProcessRow) => row.uid === uid && matches(row.command);
    // A worker that its master handed the socket to may have any command line (heal/identify-target.ts).
    const holders = { rows: new Map(rows.map((row) => [row.pid, row])) };
    const isWorker = (row: ProcessRow) => ancestorsOf(holders, row.pid).some(isOurs);
    const stranger = rows.find((row) => !row.isZombie && !isOurs(row) && !isWorker(row));
    if (!stranger) return fine('held by the service');
    if (matches(stranger.command))
      return trouble(
        `held by ${plainLine(stranger.name)} (pid ${stranger.pid}) of another user`,
        `A restart would be refused: only that user may end it (${who}).`,
      );
    const mend = `A restart would be refused: end that program, or correct find.match in the configuration (${who}).`;
    return trouble(`held by ${plainLine(stranger.name)} (pid ${stranger.pid}), which find.match does not match`, mend);
  },
  async files({ path }, who, { userHome, signal = new AbortController().signal }) {
    const { byPattern, troubles } = await findFiles([path], { userHome, signal });
    const count = byPattern.get(path)?.length ?? 0;
    if (count > 0) return fine(`${count} now`);
    const why = troubles[0] === undefined ? 'no file matches' : `no file matches, and ${troubles[0].path} can't be read`;
    return trouble(why, `It may be that none is there yet; else correct the configuration (${who}).`, 'warning');
  },
};

/** What is plainly a file: `node server` may mean several, and `bun run dev` none. */
function scriptOf(argv: readonly string[]): string | undefined {
  const script = programOf(argv)?.script;
  return script !== undefined && /\.(py|[cm]?[jt]s|rb|pl|php|sh)$/.test(script) ? script : undefined;
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
