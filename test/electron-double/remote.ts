// The double's end of the channel to a test: looks at the world, presses on what is shown, pretends what the machine does.
import type { MenuItemConstructorOptions } from 'electron';
import type { Acts, MenuSeen, Seen } from './acts.ts';
import { shownNotices } from './desk.ts';
import { askAs, deniesPermissions, openWindows, stillMs } from './pages.ts';
import { type Pretended, world } from './world.ts';

/** The longest stretch in which the main thread was not free: by the clock, and what it worked itself meanwhile, which on a busy machine
 * alone is the app's. Looked at every millisecond, so only while somebody measures. */
const longest = { wallMs: 0, workMs: 0 };
let looking: ReturnType<typeof setInterval> | undefined;
function watchMainThread(): void {
  clearInterval(looking);
  Object.assign(longest, { wallMs: 0, workMs: 0 });
  const work = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let before = { wall: performance.now(), work: work() };
  looking = setInterval(() => {
    const now = { wall: performance.now(), work: work() };
    longest.wallMs = Math.max(longest.wallMs, now.wall - before.wall - 1);
    longest.workMs = Math.max(longest.workMs, now.work - before.work);
    before = now;
  }, 1);
}

/** Timers that have fired since somebody began to count; those that were set before count from their next time on. */
let fired = 0;
function countTimers(): void {
  fired = 0;
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const original = globalThis[name] as (...given: unknown[]) => unknown;
    const counting = (run: (...args: unknown[]) => void, ...rest: unknown[]) =>
      original(
        (...args: unknown[]) => {
          fired += 1;
          run(...args);
        },
        ...rest,
      );
    globalThis[name] = Object.assign(counting, original) as never;
  }
}

const acts = {
  look: (): Seen => ({
    tray: world.tray,
    faces: world.faces,
    policy: world.policy,
    windows: [...openWindows].map((one) => ({
      type: one.options.type ?? 'window',
      isVisible: one.isShown,
      bounds: one.bounds,
      url: one.contents.mainFrame.url,
    })),
    notices: world.notices,
    opened: world.opened,
    boxes: world.boxes,
    calls: world.calls,
    blockers: world.blockers.size,
    menu: seenMenu(world.menu),
  }),
  emit(emitter: string, event: string, ...args: unknown[]): void {
    const found = world.emitters.get(emitter);
    if (!found) throw new Error(`there is no ${emitter}`);
    found.emit(event, ...(emitter === 'tray' || emitter === 'app' ? [{}, ...args] : args));
  },
  pretend(what: Partial<Pretended>): void {
    Object.assign(world.pretended, what);
  },
  choose(...path: string[]): void {
    world.emitters.get('tray')?.emit('right-click', {});
    let rows = world.menu;
    for (const [at, start] of path.entries()) {
      const row = rows.find(({ label }) => label?.startsWith(start));
      if (!row) throw new Error(`no row ${start} among: ${rows.map(({ label }) => label).join(' | ')}`);
      if (at < path.length - 1) rows = (row.submenu ?? []) as MenuItemConstructorOptions[];
      else if (row.enabled === false || !row.click) throw new Error(`${row.label} can't be chosen`);
      else (row.click as () => void)();
    }
  },
  openMenu(): readonly MenuSeen[] {
    world.emitters.get('tray')?.emit('right-click', {});
    return seenMenu(world.menu);
  },
  press(id: string, button?: number): void {
    const notice = shownNotices.get(id);
    if (!notice) throw new Error(`no notice ${id} is shown`);
    if (button === undefined) notice.emit('click', {});
    else notice.emit('action', { actionIndex: button, selectionIndex: -1 }, button, -1);
  },
  blur(): void {
    for (const window of openWindows) if (window.isShown) window.emit('blur');
  },
  closeWindows(): void {
    for (const window of openWindows) void window.close();
  },
  async evaluate(expression: string): Promise<unknown> {
    const page = await [...openWindows].at(-1)?.page;
    return page?.evaluate(expression);
  },
  async screenshot(file: string): Promise<void> {
    const page = await [...openWindows].at(-1)?.page;
    await page?.screenshot({ path: file });
  },
  /** What the system says of light and dark, to the newest window. */
  async dress(colorScheme: 'light' | 'dark'): Promise<void> {
    const page = await [...openWindows].at(-1)?.page;
    await page?.emulateMedia({ colorScheme });
  },
  askAs: (channel: string, url: string, isTop: boolean, input: unknown) => askAs(channel, url, isTop, input),
  deniesPermissions: () => deniesPermissions(),
  /** Something in the main process breaks, where nobody catches it. */
  breakDown(): void {
    setTimeout(() => {
      throw new Error('broken on purpose');
    }, 50);
  },
  timing: () => ({ mainMs: world.mainMs, iconMs: world.iconMs, paintMs: world.paintMs }),
  /** A page with nothing in it, over the same way: what the double and the browser need by themselves, in ms. */
  stillMs: () => stillMs(),
  watchMainThread,
  countTimers,
  timersFired: () => fired,
  blocked() {
    clearInterval(looking);
    return { ...longest };
  },
} satisfies Acts & Record<string, (...given: never[]) => unknown>;
export type DoubleActs = typeof acts;

export function answerTests(): void {
  process.on('message', (message: { id: number; act: keyof DoubleActs; args: unknown[] }) => {
    void (async () => {
      try {
        const value = await (acts[message.act] as (...args: unknown[]) => unknown)(...message.args);
        process.send?.({ id: message.id, value });
      } catch (error) {
        process.send?.({ id: message.id, error: String(error) });
      }
    })();
  });
  // The channel alone must not keep an app alive that would end.
  process.channel?.unref();
}

function seenMenu(rows: readonly MenuItemConstructorOptions[]): MenuSeen[] {
  return rows
    .filter(({ type }) => type !== 'separator')
    .map((row) => ({
      label: row.label ?? '',
      isEnabled: row.enabled !== false,
      isChecked: row.checked === true,
      rows: seenMenu((row.submenu ?? []) as MenuItemConstructorOptions[]),
    }));
}
