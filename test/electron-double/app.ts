// `app` of the double: life, lock, quit, login item. The lock is a real one between processes: a socket in the folder of user data.

import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App } from 'electron';
import { cloned, strict } from './strict.ts';
import { emitPreventable, world } from './world.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const emitter = new EventEmitter();
world.emitters.set('app', emitter);
const switches = new Map(
  process.argv.flatMap((word) => {
    const [, name = '', value = ''] = /^--([a-z-]+)=(.*)$/.exec(word) ?? [];
    return name ? [[name, value] as const] : [];
  }),
);
const paths = new Map<string, string>([
  ['appData', path.join(os.homedir(), 'app-data')],
  ['exe', world.pretended.exe],
  ['userData', switches.get('user-data-dir') ?? path.join(os.homedir(), 'app-data', 'jarvis-health')],
]);
let isQuitting = false;
export const windowsToClose: { close(): Promise<boolean>; destroy(): void }[] = [];

let becomeReady: () => void;
const whenReady = new Promise<void>((resolve) => {
  becomeReady = resolve;
});

/** Called by run.ts when the main module has been evaluated, as Electron does; never before. */
export function ready(): void {
  world.isReady = true;
  emitter.emit('ready', {}, {});
  becomeReady();
}

const LOCK_CLIENT = `const s=require('net').connect(process.argv[1]);s.on('connect',()=>{s.end(process.argv[2])});s.on('close',()=>process.exit(0));s.on('error',()=>process.exit(1))`;

const methods = {
  getPath(name) {
    const found = paths.get(name);
    if (found === undefined) throw new Error(`electron double: no path ${name}`);
    return found;
  },
  setPath(name, value) {
    if (world.isReady) throw new Error('electron double: setPath after ready comes too late for user data');
    paths.set(name, value);
  },
  getVersion: () => (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
  whenReady: () => whenReady,
  isReady: () => world.isReady,
  getAppPath: () => ROOT,
  disableHardwareAcceleration() {
    if (world.isReady) throw new Error('electron double: disableHardwareAcceleration must come before ready');
  },
  /** Synchronous, as Electron's is: the first one is asked by a small process. */
  requestSingleInstanceLock() {
    mkdirSync(methods.getPath('userData'), { recursive: true });
    const address = path.join(methods.getPath('userData'), 'lock');
    if (existsSync(address)) {
      const asked = spawnSync(process.execPath, ['-e', LOCK_CLIENT, address, JSON.stringify(process.argv)], { timeout: 10_000 });
      if (asked.status === 0) return false;
    }
    rmSync(address, { force: true });
    const server = net.createServer((socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('end', () => {
        socket.end();
        emitter.emit('second-instance', {}, JSON.parse(text), process.cwd(), null);
      });
    });
    server.listen(address);
    server.unref();
    return true;
  },
  enableSandbox() {
    if (world.isReady) throw new Error('electron double: enableSandbox must come before ready');
    world.calls.push('enableSandbox');
  },
  setActivationPolicy(policy) {
    world.policy = policy;
  },
  focus(options) {
    cloned(options);
  },
  setAboutPanelOptions(options) {
    cloned(options);
  },
  showAboutPanel() {
    world.calls.push('showAboutPanel');
  },
  getLoginItemSettings() {
    const { login, wasOpenedAtLogin } = world.pretended;
    return {
      openAtLogin: login === 'enabled',
      wasOpenedAtLogin,
      status: login,
      executableWillLaunchAtLogin: login === 'enabled',
      launchItems: [],
    };
  },
  setLoginItemSettings(settings) {
    if (!world.pretended.isPackaged) throw new Error('electron double: this would register Electron itself');
    world.calls.push(`setLoginItemSettings ${JSON.stringify(cloned(settings))}`);
    if (world.pretended.login !== 'requires-approval') world.pretended.login = settings.openAtLogin ? 'enabled' : 'not-registered';
  },
  /** before-quit, windows, will-quit, quit: each of the first three may be held up. */
  async quit() {
    if (isQuitting) return;
    isQuitting = true;
    let isHeld = emitPreventable(emitter, 'before-quit');
    for (const window of windowsToClose) isHeld ||= !(await window.close());
    isHeld ||= emitPreventable(emitter, 'will-quit');
    if (isHeld) isQuitting = false;
    else methods.exit(0);
  },
  /** Whoever looks finds what it was asked for in the folder of user data, for this process ends. */
  relaunch(options) {
    writeFileSync(path.join(methods.getPath('userData'), 'relaunched.json'), JSON.stringify(cloned(options)));
  },
  exit(code = 0) {
    for (const window of windowsToClose) window.destroy();
    emitter.emit('quit', {}, code);
    process.exit(code);
  },
} satisfies Partial<App>;

const commandLine = strict('app.commandLine', {
  hasSwitch: (name: string) => switches.has(name),
  getSwitchValue: (name: string) => switches.get(name) ?? '',
} satisfies Partial<App['commandLine']>);

export const app = strict(
  'app',
  Object.assign(emitter, methods, {
    commandLine,
    get isPackaged() {
      return world.pretended.isPackaged;
    },
  }),
);
// `Object.assign` has copied the value of the getter; it is to stay one.
Object.defineProperty(emitter, 'isPackaged', { get: () => world.pretended.isPackaged });

// As Electron does where there are POSIX signals.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => methods.quit());
