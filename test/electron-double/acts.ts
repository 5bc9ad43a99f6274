// What a story sees of an app and does to it: one list, carried out on the double (remote.ts) and inside the real Electron
// (test/electron-real/eyes.ts). Types only.
import type { Pretended, SeenNotice } from './world.ts';

export interface MenuSeen {
  readonly label: string;
  readonly isEnabled: boolean;
  readonly isChecked: boolean;
  readonly rows: readonly MenuSeen[];
}
interface WindowSeen {
  readonly type: string;
  readonly isVisible: boolean;
  readonly bounds: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly url: string;
}
export interface Seen {
  readonly tray: { readonly image: string; readonly isTemplate: boolean; readonly tooltip: string; readonly title: string };
  /** Every picture that the tray has had, in order. */
  readonly faces: readonly string[];
  readonly policy: string;
  readonly windows: readonly WindowSeen[];
  readonly notices: readonly SeenNotice[];
  /** What was handed to the system: addresses, files. */
  readonly opened: readonly string[];
  readonly boxes: readonly string[];
  readonly calls: readonly string[];
  readonly blockers: number;
  readonly menu: readonly MenuSeen[];
}

export interface Acts {
  look(): Seen;
  emit(emitter: 'app' | 'tray' | 'powerMonitor', event: string, ...args: unknown[]): void;
  pretend(what: Partial<Pretended>): void;
  /** Opens the menu anew and chooses in it, row by row, by how labels begin. */
  choose(...path: string[]): void;
  openMenu(): readonly MenuSeen[];
  /** On a notice, or on one of its buttons. */
  press(id: string, button?: number): void;
  blur(): void;
  closeWindows(): void;
  /** In the page's own world of the newest window. */
  evaluate(expression: string): Promise<unknown>;
  screenshot(file: string): Promise<void>;
  /** Asks the app as another frame would. */
  askAs(channel: string, url: string, isTop: boolean, input: unknown): Promise<unknown>;
  /** Whether a page that asks for a permission is refused. */
  deniesPermissions(): boolean | Promise<boolean>;
}
