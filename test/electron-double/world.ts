// What the double has seen and what it pretends of the machine: one record for all parts, which a test looks at and sets.
import type { MenuItemConstructorOptions } from 'electron';

export interface Pretended {
  /** The app's own binary. */
  exe: string;
  isPackaged: boolean;
  /** What the system says of the login item. */
  login: 'not-registered' | 'enabled' | 'requires-approval' | 'not-found';
  wasOpenedAtLogin: boolean;
  notifications: 'show' | 'fail' | 'silent';
  /** The file that the person picks in the dialog for one. */
  chosenFile: string | null;
  /** The button that they press in a box, by its place. */
  answer: number;
  icon: { x: number; y: number; width: number; height: number };
}
export interface SeenNotice {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly actions: readonly string[];
  state: 'shown' | 'failed' | 'removed' | 'replaced' | 'silent';
}

const pretended: Pretended = {
  exe: process.execPath,
  isPackaged: false,
  login: 'not-registered',
  wasOpenedAtLogin: false,
  notifications: 'show',
  chosenFile: null,
  answer: 0,
  icon: { x: 1_000, y: 0, width: 30, height: 24 },
  ...(JSON.parse(process.env['ELECTRON_PRETENDED'] ?? '{}') as Partial<Pretended>),
};

export const world = {
  pretended,
  isReady: false,
  policy: 'regular' as string,
  tray: { image: '', isTemplate: false, tooltip: '', title: '', guid: '' },
  /** Every picture that the tray has had, in order. */
  faces: [] as string[],
  /** The menu that was opened last. */
  menu: [] as readonly MenuItemConstructorOptions[],
  notices: [] as SeenNotice[],
  /** What was handed to the system: addresses, files. */
  opened: [] as string[],
  boxes: [] as string[],
  blockers: new Set<number>(),
  calls: [] as string[],
  /** From the start of the process to that of the main bundle, and to the icon; from each new page's navigation to its first painted view. */
  mainMs: 0,
  iconMs: 0,
  paintMs: [] as number[],
  /** Ways for a test to reach in. */
  emitters: new Map<string, { emit(event: string, ...args: unknown[]): boolean }>(),
};

/** `emit` with the event object that Electron hands first; true when the default was prevented. */
export function emitPreventable(emitter: { emit(event: string, ...args: unknown[]): boolean }, name: string, ...args: unknown[]): boolean {
  let isPrevented = false;
  const event = {
    preventDefault: () => {
      isPrevented = true;
    },
    get defaultPrevented() {
      return isPrevented;
    },
  };
  emitter.emit(name, event, ...args);
  return isPrevented;
}
