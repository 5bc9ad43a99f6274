// The menu-bar app on the Electron double: from its start to its icon, against the headless engine's own start; from the navigation of
// its window to the first painted view; how long its main thread was ever not free. Of Electron's own time these say nothing.
import { execFile as execFileOf } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ConfigInput } from '../src/contract/config.ts';
import { startApp } from '../test/e2e/helpers/app.ts';
import { LAB, median, newFolder, type Row, sleep, spread, startEngine, until } from './lab.ts';

const execFile = promisify(execFileOf);
const STARTS = 7;
const WINDOWS = 7;
const BUSY_MS = 15_000;
const IDLE_AFTER_MS = 10_000;
const TARGET = { icon: 1.5, paintMs: 200, blockedMs: 20 } as const;
/** A Node that does nothing, watched in the same way in the same minute. */
const IDLE = `let before = performance.now(); let most = 0; setInterval(() => { const now = performance.now(); most = Math.max(most, now - before - 1); before = now; }, 1);
setTimeout(() => { console.log(most); process.exit(); }, ${BUSY_MS})`;

const SERVICES: ConfigInput['services'] = [
  { id: 'disk', check: { type: 'disk', path: '~', minFree: '1%' } },
  { id: 'memory', check: { type: 'memory', maxUsed: '99%' } },
  ...['a', 'b', 'c', 'd'].map((id) => ({ id, check: { type: 'process' as const, match: `nothing-is-called-${id}` } })),
];
const CONFIG = { interval: '1s', retryInterval: '1s', alerts: { channels: ['queue' as const] }, services: SERVICES };

export async function app(): Promise<Row[]> {
  const headless: number[] = [];
  const icons: number[] = [];
  const fromProcess: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    const began = performance.now();
    const engine = await startEngine(CONFIG);
    headless.push(performance.now() - began);
    await engine.end();
    const started = begin();
    await started.app.untilSeen('icon', ({ tray }) => tray.image !== '');
    const { mainMs, iconMs } = await started.app.timing();
    icons.push(iconMs - mainMs);
    fromProcess.push(iconMs);
    await started.end();
  }
  const paints: number[] = [];
  let last: ReturnType<typeof begin> | undefined;
  const stills: number[] = [];
  // Each in an app of its own: a window that was hidden a moment ago is shown again as it is. An empty page starts the browser of the tests.
  for (let round = 0; round < WINDOWS; round += 1) {
    await last?.end();
    const one = begin();
    last = one;
    await one.app.untilSeen('looked', ({ tray }) => tray.image === 'warning.png');
    await one.app.stillMs();
    stills.push(await one.app.stillMs());
    await one.app.choose('Open Jarvis Health');
    paints.push(await until('the window is painted', 30_000, async () => (await one.app.timing()).paintMs[0]));
  }
  const { app: running, end } = last as ReturnType<typeof begin>;
  await running.closeWindows();
  // The double runs the browser of the tests, which is still tidying up.
  await sleep(3_000);
  const idle = execFile(process.execPath, ['-e', IDLE]);
  await running.watchMainThread();
  await sleep(BUSY_MS);
  const blocked = await running.blocked();
  const idleMs = Number((await idle).stdout);
  await end();
  const timersPerSecond = await idleTimers();
  return [
    {
      figure: 'app: main bundle started to icon',
      ours: spread(icons, 'ms'),
      theirs: `headless to ready: ${spread(headless, 'ms')} (our whole process, with the double: ${spread(fromProcess, 'ms')})`,
      ratio: median(icons) / median(headless),
      target: TARGET.icon,
    },
    {
      figure: 'app: window, navigation to painted view',
      ours: spread(paints, 'ms'),
      theirs: `${TARGET.paintMs} ms (an empty page: ${spread(stills, 'ms')})`,
      ratio: median(paints) / TARGET.paintMs,
      target: 1,
    },
    {
      figure: 'app: main thread at work, longest in 15 s of looks',
      ours: `${blocked.workMs.toFixed(1)} ms`,
      theirs: `${TARGET.blockedMs} ms (by the clock ${blocked.wallMs.toFixed(1)} ms, an idle Node ${idleMs.toFixed(1)} ms)`,
      ratio: blocked.workMs / TARGET.blockedMs,
      target: 1,
    },
    {
      figure: 'app: timers that fire while it is idle',
      ours: `${timersPerSecond.toFixed(2)} a second`,
      theirs: '1 a second',
      ratio: timersPerSecond,
      target: 1,
    },
  ];
}

/** Disk and memory, well, looked at every five minutes as they are by default; no window. */
async function idleTimers(): Promise<number> {
  const { app: idle, end } = begin({ ...CONFIG, interval: '5m', retryInterval: '1m', services: SERVICES.slice(0, 2) });
  await idle.untilSeen('looked', ({ tray }) => tray.image === 'ok.png');
  await sleep(IDLE_AFTER_MS);
  await idle.countTimers();
  await sleep(BUSY_MS);
  const fired = await idle.timersFired();
  await end();
  return fired / (BUSY_MS / 1_000);
}

function begin(config: ConfigInput = CONFIG): { app: ReturnType<typeof startApp>; end: () => Promise<void> } {
  const dir = newFolder('app');
  const home = path.join(dir, 'home');
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(path.join(home, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  const ends: (() => void | Promise<void>)[] = [];
  const place = { dir, home, work: LAB, atEnd: (work: () => void | Promise<void>) => void ends.push(work) };
  const started = startApp(place, { pretended: { isPackaged: true, wasOpenedAtLogin: true } });
  return {
    app: started,
    end: async () => {
      for (const end of ends) await end();
    },
  };
}
