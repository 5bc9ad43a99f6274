// The whole menu as data: complete without the window, every row that can't be used says why. Pure: values in, rows out;
// tray.ts makes Electron's menu of it, actions.ts does what was chosen. Knows no rule: it offers operations.
import { portHolderText } from '../contract/port-words.ts';
import { missesProgram } from '../contract/program.ts';
import type { LoginItem, NoticeHealth } from '../contract/shell.ts';
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';
import { APP_NAME, type Face, faceOfService, holdWords, isIdle, type Sight, sentenceOf, stateWords, worstFirst } from './face.ts';

export type MenuAction =
  | { readonly kind: 'ask'; readonly name: 'heal' | 'check' | 'resume' | 'ack' | 'start' | 'stop'; readonly id: string }
  | { readonly kind: 'ask'; readonly name: 'pause'; readonly id: string; readonly forMs?: number }
  | { readonly kind: 'ask'; readonly name: 'freePort'; readonly id: string; readonly pid: number }
  | { readonly kind: 'check-all' | 'resume-all' }
  | { readonly kind: 'pause-all'; readonly forMs: number }
  /** `hash`: the view of the window, `#/service/gateway`. */
  | { readonly kind: 'open-window'; readonly hash: string }
  | { readonly kind: 'open-address' | 'open-holder'; readonly id: string }
  | { readonly kind: 'show-logs'; readonly id: string }
  | { readonly kind: 'login-item'; readonly isOn: boolean }
  | { readonly kind: 'open-pane'; readonly pane: 'login-items' | 'notifications' }
  | { readonly kind: 'setting'; readonly name: 'isMonochrome' | 'showsCount'; readonly value: boolean }
  | { readonly kind: 'try-notice' | 'install-cli' | 'about' | 'quit' };

export interface MenuRow {
  readonly kind: 'item' | 'separator' | 'check';
  readonly label: string;
  readonly isEnabled: boolean;
  readonly isChecked?: boolean;
  readonly face?: Face;
  readonly rows?: readonly MenuRow[];
  readonly action?: MenuAction;
}

export interface MenuFacts extends Sight {
  readonly nowMs: number;
  readonly loginItem: LoginItem;
  readonly notices: NoticeHealth;
  readonly settings: { readonly isMonochrome: boolean; readonly showsCount: boolean };
  /** Why the command line can't be installed; undefined: it can. */
  readonly whyNoCli: string | undefined;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PAUSES: readonly (readonly [string, number])[] = [
  ['For 15 minutes', 15 * MINUTE],
  ['For 1 hour', HOUR],
  ['For 4 hours', 4 * HOUR],
  ['For 24 hours', 24 * HOUR],
];
/** A menu longer than the screen scrolls, which nobody wants; the window has no such limit. */
const MOST_SERVICES = 25;
const LONGEST_LABEL = 72;

export function menuOf(facts: MenuFacts): MenuRow[] {
  const { snapshot } = facts;
  const groups: MenuRow[][] = [
    [said(sentenceOf(facts)), ...engineRows(snapshot), ...troubleRows(facts)],
    serviceRows(facts),
    allRows(snapshot),
    [item(`Open ${APP_NAME}`, { kind: 'open-window', hash: '' })],
    [loginRow(facts.loginItem), settingsRow(facts), cliRow(facts.whyNoCli)],
    [item(`About ${APP_NAME}`, { kind: 'about' }), item(`Quit ${APP_NAME}`, { kind: 'quit' })],
  ];
  return groups.filter((rows) => rows.length > 0).flatMap((rows, at) => (at === 0 ? rows : [SEPARATOR, ...rows]));
}

const SEPARATOR: MenuRow = { kind: 'separator', label: '', isEnabled: false };

function item(label: string, action: MenuAction): MenuRow {
  return { kind: 'item', label: cut(label), isEnabled: true, action };
}
function said(label: string): MenuRow {
  return { kind: 'item', label: cut(label), isEnabled: false };
}
/** macOS before 14.4 has no second line for a row, so the reason stands in the row itself. */
function offered(label: string, whyNot: string | undefined, action: MenuAction): MenuRow {
  return whyNot === undefined ? item(label, action) : said(`${label}: ${whyNot}`);
}
function cut(label: string): string {
  const letters = [...label.replace(/\s+/gu, ' ').trim()];
  return letters.length <= LONGEST_LABEL ? letters.join('') : `${letters.slice(0, LONGEST_LABEL - 1).join('')}…`;
}

function engineRows(snapshot: Snapshot | undefined): MenuRow[] {
  const engine = snapshot?.engine;
  if (!engine) return [];
  return [
    ...(engine.mode === 'headless' ? [said(`Watched by the background service (process ${engine.pid})`)] : []),
    ...(engine.dryRun ? [said('Dry run: nothing is repaired, nobody is told')] : []),
    ...(engine.recoveryEnabled ? [] : [said('Repairs are switched off')]),
  ];
}

/** What is wrong with the app itself. */
function troubleRows({ snapshot, notices }: MenuFacts): MenuRow[] {
  const problems = snapshot?.problems ?? [];
  return [
    ...problems.slice(0, 5).map((problem) => item(`⚠ ${problem.message}`, { kind: 'open-window', hash: '' })),
    ...(notices.kind === 'failed'
      ? [item('⚠ Notices cannot be shown: open System Settings…', { kind: 'open-pane', pane: 'notifications' })]
      : []),
  ];
}

function serviceRows({ snapshot, nowMs }: MenuFacts): MenuRow[] {
  if (!snapshot) return [];
  if (snapshot.services.length === 0) return [item('Watch something…', { kind: 'open-window', hash: '#/watch' })];
  const sorted = worstFirst(snapshot.services);
  const shown = sorted.slice(0, sorted.length > MOST_SERVICES ? MOST_SERVICES - 1 : MOST_SERVICES);
  const rest = sorted.length - shown.length;
  return [...shown.map((view) => serviceRow(view, nowMs)), ...(rest > 0 ? [item(`${rest} more…`, { kind: 'open-window', hash: '' })] : [])];
}

function serviceRow(view: ServiceView, nowMs: number): MenuRow {
  return {
    kind: 'item',
    label: cut(`${view.name}: ${stateWords(view, nowMs)}`),
    isEnabled: true,
    face: faceOfService(view),
    rows: [
      said(view.message),
      ...heldRow(view),
      ...programRows(view),
      SEPARATOR,
      ...actionRows(view),
      ...holderRows(view, nowMs),
      SEPARATOR,
      offered('Open', view.url === null ? 'no address is set up' : undefined, { kind: 'open-address', id: view.id }),
      offered('Show logs', view.logs === null ? 'no log is set up' : undefined, { kind: 'show-logs', id: view.id }),
      item('Details…', { kind: 'open-window', hash: `#/service/${encodeURIComponent(view.id)}` }),
    ],
  };
}

function heldRow(view: ServiceView): MenuRow[] {
  const words = holdWords(view);
  return words === undefined ? [] : [said(words)];
}

/** Neither well nor down: what would look, or repair, is not where it was looked for; the person knows where it is. */
function programRows(view: ServiceView): MenuRow[] {
  const missing = missesProgram(view);
  if (!missing) return [];
  return [
    ...(missing === 'repair' ? [said('The program of its repair was not found')] : []),
    item('Say where the program is…', { kind: 'open-window', hash: `#/settings?program=${encodeURIComponent(view.id)}` }),
  ];
}

function actionRows(view: ServiceView): MenuRow[] {
  const { id, can, phase } = view;
  const isRepair = view.type === 'disk' || view.type === 'memory' || view.type === 'log-files';
  const whyNoHeal = phase === 'recovering' ? 'a repair is running' : can.heal ? undefined : 'nothing is set up to do it';
  const whyNoAck = view.acknowledged ? 'you have done so' : view.alerting || phase === 'gave-up' ? undefined : 'nothing asks for you';
  return [
    ...(phase === 'stopped'
      ? [offered('Start', can.start ? undefined : 'no remedy says how', { kind: 'ask', name: 'start', id })]
      : [offered(isRepair ? 'Repair now' : 'Restart', whyNoHeal, { kind: 'ask', name: 'heal', id })]),
    item('Check now', { kind: 'ask', name: 'check', id }),
    phase === 'paused' ? item('Resume', { kind: 'ask', name: 'resume', id }) : pauseRow(view),
    offered('Acknowledge', whyNoAck, { kind: 'ask', name: 'ack', id }),
    ...(can.stop && phase !== 'stopped' ? [item('Stop until started again', { kind: 'ask', name: 'stop', id })] : []),
  ];
}

/** Who took its port, and what a person can do about that one (R13). */
function holderRows({ id, portHolder }: ServiceView, nowMs: number): MenuRow[] {
  if (!portHolder) return [];
  const { port, pid, name, hint } = portHolder;
  // Two rows: one is cut where a menu would grow too wide.
  const [who = '', ...more] = portHolderText(portHolder, nowMs).replace(/\.$/, '').split(', ');
  return [
    SEPARATOR,
    said(who),
    said(`It is ${more.join(', ')}`),
    offered(`End ${name} and free port ${port}`, hint ?? undefined, { kind: 'ask', name: 'freePort', id, pid }),
    item(`Open what holds port ${port}`, { kind: 'open-holder', id }),
  ];
}

function pauseRow({ id, phase }: ServiceView): MenuRow {
  if (phase === 'stopped') return said('Pause: it is stopped');
  return {
    kind: 'item',
    label: 'Pause',
    isEnabled: true,
    rows: [
      ...PAUSES.map(([label, forMs]) => item(label, { kind: 'ask', name: 'pause', id, forMs })),
      item('Until resumed', { kind: 'ask', name: 'pause', id }),
    ],
  };
}

function allRows(snapshot: Snapshot | undefined): MenuRow[] {
  const services = snapshot?.services ?? [];
  const none = snapshot === undefined ? 'the engine does not run' : services.length === 0 ? 'nothing is watched' : undefined;
  const whyNoPause = none ?? (services.every(isIdle) ? 'all are paused or stopped' : undefined);
  return [
    offered('Check all', none, { kind: 'check-all' }),
    offered('Pause all for 1 hour', whyNoPause, { kind: 'pause-all', forMs: HOUR }),
    ...(services.some((view) => view.phase === 'paused') ? [item('Resume all', { kind: 'resume-all' })] : []),
  ];
}

function loginRow(loginItem: LoginItem): MenuRow {
  switch (loginItem) {
    case 'unpackaged':
      return { ...said('Start at login: only in the installed app'), kind: 'check', isChecked: false };
    case 'requires-approval':
      return item('Start at login: allow it in System Settings…', { kind: 'open-pane', pane: 'login-items' });
    case 'on':
    case 'off':
      return {
        kind: 'check',
        label: 'Start at login',
        isEnabled: true,
        isChecked: loginItem === 'on',
        action: { kind: 'login-item', isOn: loginItem === 'off' },
      };
  }
}

function settingsRow({ settings, notices }: MenuFacts): MenuRow {
  const check = (label: string, name: 'isMonochrome' | 'showsCount'): MenuRow => ({
    kind: 'check',
    label,
    isEnabled: true,
    isChecked: settings[name],
    action: { kind: 'setting', name, value: !settings[name] },
  });
  return {
    kind: 'item',
    label: 'Settings',
    isEnabled: true,
    rows: [
      item('What is watched, and how…', { kind: 'open-window', hash: '#/settings' }),
      SEPARATOR,
      check('Icon in one colour', 'isMonochrome'),
      check('Count beside the icon', 'showsCount'),
      SEPARATOR,
      item('Send a test notice', { kind: 'try-notice' }),
      ...(notices.kind === 'failed' ? [said(`The last one failed: ${notices.why}`)] : []),
    ],
  };
}

function cliRow(whyNot: string | undefined): MenuRow {
  return offered('Install command line tool', whyNot, { kind: 'install-cli' });
}
