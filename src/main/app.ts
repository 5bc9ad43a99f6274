// The app put together: engine, icon, menu, windows, notices, power; and its end, within a limit, whatever hangs. Knows no rule: it
// shows snapshots and passes operations on.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, dialog, screen } from 'electron';
import { errorText } from '../contract/errors.ts';
import type { NoticeHealth } from '../contract/shell.ts';
import { realTimers, systemNow } from '../engine/system.ts';
import { createActions, isShownAddress } from './actions.ts';
import type { Asked } from './arguments.ts';
import { openBridge } from './bridge.ts';
import { isPassing } from './command-line.ts';
import { APP_NAME, faceOf, type Sight, sentenceOf, titleOf, tooltipOf } from './face.ts';
import { withFirstView } from './first-view.ts';
import { type Host, startHost } from './host.ts';
import { isMenuBar, isStartedAtLogin, loginItem } from './login-item.ts';
import { menuOf } from './menu.ts';
import { createNotifier } from './notifier.ts';
import { isIconHidden } from './place.ts';
import { createRepairGuard, watchPower } from './power.ts';
import { serveApp } from './protocol.ts';
import { joined, knownPath, shellPath } from './search-path.ts';
import { openSettings } from './settings.ts';
import { openShell } from './shell.ts';
import { createIcon, type Icon, type IconLook, setEditMenu } from './tray.ts';
import { watchUpdates } from './updates.ts';
import { createWindows } from './windows.ts';

const OUT = fileURLToPath(new URL('..', import.meta.url));
const ASSETS = fileURLToPath(new URL('../../assets/tray', import.meta.url));
/** The engine itself needs at most 4.2 s (R8 is kept by what is on disk already). */
const END_MS = 4_800;
/** The bar has drawn the icon by then, or does not. */
const ICON_MS = 5_000;
/** Nothing runs while the machine sleeps: whoever has counted so long is awake, whatever the system has said. */
const AWAKE_MS = 60_000;

/** Held for the life of the process: a tray that is collected vanishes. */
let icon: Icon | undefined;

/** Called once, before `ready`, with the lock held. */
export function startApp(asked: Asked): void {
  // Its being there is what keeps the app running without a window.
  app.on('window-all-closed', () => undefined);
  const ready = app.whenReady();
  void ready
    .then(() => run(asked))
    .catch((error: unknown) => {
      dialog.showErrorBox(`${APP_NAME} could not start`, error instanceof Error ? (error.stack ?? error.message) : String(error));
      app.exit(1);
    });
}

function run(asked: Asked): void {
  const settings = openSettings(app.getPath('userData'), app.getVersion(), systemNow);
  let notices: NoticeHealth = { kind: 'untried' };
  let isSuspended = false;
  let doze: (() => void) | undefined;

  const prepared = findKnownPrograms();
  const host = startHost({
    prepared,
    home: asked.home,
    version: app.getVersion(),
    isDryRun: asked.isDryRun,
    dashboard: path.join(OUT, 'renderer'),
    timers: realTimers,
    notifier: (helper) => notifier.channel(helper),
    onChange: changed,
  });
  const sight = (): Sight => ({ snapshot: host.snapshot(), trouble: host.trouble(), isSuspended });
  const lookOf = (seen: Sight): IconLook => ({
    face: faceOf(seen),
    isMonochrome: settings.get('isMonochrome'),
    tooltip: tooltipOf(seen),
    title: titleOf(seen, settings.get('showsCount')),
  });
  const windows = createWindows({
    preload: path.join(OUT, 'preload', 'index.cjs'),
    timers: realTimers,
    steadyMs: () => performance.now(),
    mayOpen: (url) => isShownAddress(url, host.snapshot()),
    iconBounds: () => icon?.bounds() ?? { x: 0, y: 0, width: 0, height: 0 },
  });
  const notifier = createNotifier({
    timers: realTimers,
    onOpen: (service) => void windows.openWindow(service === undefined ? '' : `#/service/${encodeURIComponent(service)}`),
    onButton: (name, id) => choose({ kind: 'ask', name, id }),
    onHealth: (health) => {
      notices = health;
      changed();
    },
  });
  const choose = createActions({ host, windows, settings, notifier, changed, terminalPath: () => terminalPath });
  const guard = createRepairGuard();

  setEditMenu();
  serveApp(path.join(OUT, 'renderer'), (page) => withFirstView(path.join(OUT, 'renderer'), page, host, realTimers));
  const bridge = openBridge(host);
  openShell({ notices: () => notices, tryNotice: () => notifier.tryOut(), changed });
  icon = createIcon(ASSETS, lookOf(sight()), {
    click: () => windows.togglePanel(),
    choose,
    rows: () =>
      menuOf({
        ...sight(),
        nowMs: systemNow(),
        loginItem: loginItem(),
        notices,
        settings: { isMonochrome: settings.get('isMonochrome'), showsCount: settings.get('showsCount') },
        whyNoCli: !app.isPackaged
          ? 'only in the installed app'
          : isPassing(app.getPath('exe'))
            ? 'move the app to Applications first'
            : undefined,
      }),
  });
  app.setAboutPanelOptions({ applicationName: APP_NAME, applicationVersion: app.getVersion() });

  function changed(): void {
    const seen = sight();
    const { snapshot } = seen;
    icon?.show(lookOf(seen));
    guard.see(snapshot);
    if (snapshot) notifier.see(snapshot);
    if (snapshot || seen.trouble !== undefined) bridge.send(snapshot ?? null);
  }

  const open = (): void => void windows.openWindow('');
  app.on('activate', open);
  app.on('second-instance', open);
  watchPower({
    onSuspend() {
      isSuspended = true;
      host.powerChanged('suspend');
      changed();
      doze?.();
      doze = realTimers.after(AWAKE_MS, () => {
        isSuspended = false;
        changed();
      });
    },
    onResume() {
      doze?.();
      isSuspended = false;
      host.powerChanged('resume');
      changed();
    },
    onShutdown(hold) {
      hold();
      app.quit();
    },
  });
  endWell(windows.letGo, host.close);

  void settings
    .movedTo()
    .then(async (movedTo) => {
      // What an older build wrote may have become another look.
      changed();
      if (movedTo !== undefined) {
        void windows.tell({
          type: 'warning',
          message: 'The settings of the app were damaged.',
          detail: `They are kept as ${movedTo}; the defaults are in force.`,
        });
      }
      if (settings.get('wasWelcomed') || isStartedAtLogin()) return;
      // Notices ask for their permission there, beside a window, where a person sees why.
      void windows.openWindow('#/welcome');
      await settings.set('wasWelcomed', true);
    })
    .catch(tellOfSettings);
  realTimers.after(ICON_MS, tellOfHiddenIcon);
  // Neither is worth a word: what a program that is missing means is said where it is missed.
  void prepared.then(() => findOtherPrograms(host)).catch(() => undefined);
  void watchUpdates().catch(() => false);

  /** The app goes on without: nothing that is watched depends on them. */
  function tellOfSettings(error: unknown): void {
    void windows.tell({ type: 'warning', message: 'The settings of the app cannot be kept.', detail: errorText(error) });
  }
  function tellOfHiddenIcon(): void {
    if (settings.get('wasToldOfHiddenIcon') || !isMenuBar()) return;
    const bounds = icon?.bounds();
    if (!bounds || !isIconHidden(bounds, screen.getDisplayNearestPoint({ x: Math.round(bounds.x), y: Math.round(bounds.y) }).bounds))
      return;
    void settings.set('wasToldOfHiddenIcon', true).catch(tellOfSettings);
    void windows.tell({
      type: 'info',
      message: 'The icon of Jarvis Health is hidden.',
      detail: `${sentenceOf(sight())}.\n\nSystem Settings > Menu Bar shows it again; a full bar or the notch may cover it. Opening the app once more always shows its window.`,
    });
  }
}

/** Quit, log-out, shutdown and an update take the same way: flushed, and gone within a limit. What the engine started lives on (R18). */
function endWell(letGo: () => void, close: () => Promise<void>): void {
  let isEnding = false;
  // Before any window is asked to close: a page with unsaved changes would refuse, and with it the log-out or the shutdown.
  app.on('before-quit', letGo);
  app.on('will-quit', (event) => {
    event.preventDefault();
    if (isEnding) return;
    isEnding = true;
    const limit = new AbortController();
    void Promise.race([close().catch(() => undefined), realTimers.sleep(END_MS, limit.signal)]).then(() => app.exit(0));
  });
}

/** The PATH that a terminal has: undefined until the login shell has told it. */
let terminalPath = process.platform === 'darwin' ? undefined : process.env['PATH'];

/** Children of the engine are started with our own environment, so it is enough to know the PATH here. */
async function findKnownPrograms(): Promise<void> {
  if (process.platform !== 'darwin') return;
  process.env['PATH'] = await knownPath({ userHome: os.homedir(), env: process.env }).catch(() => process.env['PATH'] ?? '');
}

/** The login shell may need seconds. What was not found until then is looked at again. */
async function findOtherPrograms(host: Host): Promise<void> {
  if (process.platform !== 'darwin') return;
  const { machinePorts } = await import('../engine/setup.ts');
  const told = await shellPath({ userHome: os.homedir(), env: process.env, commands: (await machinePorts()).commands });
  if (told === undefined) return;
  terminalPath = told;
  process.env['PATH'] = joined([told, process.env['PATH'] ?? '']);
  const missing = host.snapshot()?.services.filter((view) => view.reason === 'program-missing') ?? [];
  await Promise.all(missing.map(({ id }) => host.ask('check', { id })));
}
