// What the configuration needs from this machine: programs that can be run, logs and folders that can be written. Part of
// `doctor`; reads the file system, changes nothing.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Config, ServiceConfig } from '../contract/config.ts';
import { systemCode } from '../contract/errors.ts';
import type { Supervisor } from '../contract/keeper.ts';
import type { DoctorDeps } from './doctor-checks.ts';
import { type DoctorLine, fine, trouble } from './doctor-line.ts';

interface Need {
  readonly service: string;
  readonly kind: 'program' | 'folder' | 'log';
  readonly path: string;
  /** Where a relative program is looked for. */
  readonly cwd: string;
  /** Its own PATH, where the configuration sets one. */
  readonly searchPath: string | undefined;
}

/** One line per program, folder and log file, however many services name it. */
export async function* configuredLines(config: Config, deps: DoctorDeps): AsyncIterable<DoctorLine> {
  if (!deps.env.PATH) yield trouble('PATH', 'not set', 'Set PATH, then run jarvis-health restart.');
  const lines = new Map<string, { need: Need; services: Set<string> }>();
  for (const need of config.services.flatMap((service) => needsOf(service, deps.userHome))) {
    const key = [need.kind, need.path, need.kind === 'program' && need.path.includes('/') ? need.cwd : '', need.searchPath].join('\0');
    const line = lines.get(key) ?? { need, services: new Set<string>() };
    line.services.add(need.service);
    lines.set(key, line);
  }
  for (const { need, services } of lines.values()) {
    const component = `${need.kind} ${need.path}`;
    const who = [...services].join(', ');
    yield await LOOK[need.kind](need, component, who, deps);
  }
}

function needsOf(service: ServiceConfig, userHome: string): Need[] {
  const expand = (path: string, from = userHome) =>
    path === '~' ? userHome : path.startsWith('~/') ? join(userHome, path.slice(2)) : resolve(from, path);
  const serviceCwd = service.cwd === undefined ? userHome : expand(service.cwd);
  const needs: Need[] = [];
  const add = (kind: Need['kind'], path: string | undefined, cwd = serviceCwd, searchPath?: string) => {
    if (path !== undefined)
      needs.push({
        service: service.id,
        kind,
        path: kind === 'program' ? path : expand(path, kind === 'log' ? cwd : userHome),
        cwd,
        searchPath,
      });
  };
  add('folder', service.cwd);
  if (service.check.type === 'command') {
    const { run, cwd, env } = service.check;
    add('folder', cwd);
    add('program', run[0], cwd === undefined ? serviceCwd : expand(cwd), pathOf(env));
  }
  for (const remedy of service.recovery) {
    switch (remedy.type) {
      case 'command':
      case 'restart-process': {
        add('folder', remedy.cwd);
        const cwd = remedy.cwd === undefined ? serviceCwd : expand(remedy.cwd);
        add('program', remedy.type === 'command' ? remedy.run[0] : remedy.start[0], cwd, pathOf(remedy.env));
        if (remedy.type === 'restart-process') add('log', remedy.log, cwd); // a relative log lies in the working folder
        break;
      }
      case 'rotate-logs':
        add('program', remedy.after?.[0]);
        break;
      case 'launchd':
        add('program', '/bin/launchctl');
        break;
      case 'auto': {
        add('folder', remedy.cwd);
        const cwd = remedy.cwd === undefined ? serviceCwd : expand(remedy.cwd);
        add('program', remedy.keeper ? KEEPER_PROGRAMS[remedy.keeper.by] : undefined);
        add('program', remedy.start?.[0], cwd, pathOf(remedy.env));
        add('log', remedy.log, cwd);
        break;
      }
      case 'delete-old-logs':
      case 'log-top-processes':
      case 'http':
        break;
    }
  }
  return needs;
}

/** What has to be there to ask each; PM2 is spoken to directly. */
const KEEPER_PROGRAMS: Record<Supervisor, string | undefined> = {
  launchd: '/bin/launchctl',
  brew: 'brew',
  pm2: undefined,
  systemd: 'systemctl',
  docker: 'docker',
  supervisord: 'supervisorctl',
};

function pathOf({ PATH }: Readonly<Record<string, string>> = {}): string | undefined {
  return PATH;
}

type Look = (need: Need, component: string, who: string, deps: DoctorDeps) => Promise<DoctorLine>;
const LOOK: Record<Need['kind'], Look> = {
  async program(need, component, who, deps) {
    const found = await findProgram(need, need.searchPath ?? deps.env.PATH ?? '');
    if (found.kind === 'found') return fine(component, found.path);
    const seen = found.kind === 'not-executable' ? `${found.path} may not be run` : 'not found on PATH';
    const mend =
      found.kind === 'not-executable' ? `chmod u+x '${found.path}'` : `Install it, or write its whole path in the configuration (${who}).`;
    return trouble(component, seen, mend);
  },
  async folder(need, component, who) {
    const found = await stat(need.path).catch(() => undefined);
    if (!found?.isDirectory())
      return trouble(component, found ? 'is no folder' : 'is not there', `Make it, or correct the configuration (${who}).`);
    return (await may(need.path, constants.X_OK))
      ? fine(component, 'there')
      : trouble(component, 'may not be entered', `chmod u+x '${need.path}'`);
  },
  async log(need, component, who) {
    const found = await stat(need.path).catch((error: unknown) => systemCode(error));
    if (typeof found === 'object') {
      if (!found.isFile()) return trouble(component, 'is no file', `Correct the configuration (${who}).`);
      return (await may(need.path, constants.W_OK))
        ? fine(component, 'writable')
        : trouble(component, 'may not be written', `chmod u+w '${need.path}'`);
    }
    const folder = dirname(need.path);
    if (await may(folder, constants.W_OK | constants.X_OK)) return fine(component, 'not there yet; can be made');
    return trouble(component, `can't be made in ${folder}`, `Make that folder writable, or correct the configuration (${who}).`);
  },
};

type Found = { kind: 'found'; path: string } | { kind: 'not-executable'; path: string } | { kind: 'missing' };

/** As the system looks for a program (execvp(3)): a name with a slash is a path, any other is on PATH. */
async function findProgram({ path, cwd }: Need, searchPath: string): Promise<Found> {
  const folders = searchPath.split(delimiter).filter(isAbsolute);
  const candidates = path.includes('/') ? [resolve(cwd, path)] : folders.map((folder) => join(folder, path));
  let seen: Found = { kind: 'missing' };
  for (const candidate of candidates) {
    if (!(await stat(candidate).catch(() => undefined))?.isFile()) continue;
    if (await may(candidate, constants.X_OK)) return { kind: 'found', path: candidate };
    if (seen.kind === 'missing') seen = { kind: 'not-executable', path: candidate };
  }
  return seen;
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
