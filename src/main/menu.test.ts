// The menu as a person reads it: what stands in it, what each row does, and why one can't be chosen.
import { expect, test } from 'vitest';
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';
import { faceOf, titleOf, tooltipOf } from './face.ts';
import { type MenuFacts, type MenuRow, menuOf } from './menu.ts';

const NOW_MS = Date.UTC(2026, 10, 24, 14, 34, 20);
const ago = (ms: number): string => new Date(NOW_MS - ms).toISOString();
const MINUTE = 60_000;

function service(id: string, over: Partial<ServiceView> = {}): ServiceView {
  return {
    id,
    name: id.slice(0, 1).toUpperCase() + id.slice(1),
    type: 'http',
    status: 'ok',
    phase: 'healthy',
    reason: 'answered',
    message: 'Answered 200 in 6 ms',
    since: ago(3 * 60 * MINUTE),
    lastCheckAt: ago(MINUTE),
    nextCheckAt: ago(-MINUTE),
    latencyMs: 6,
    value: null,
    unit: null,
    limit: null,
    consecutiveFailures: 0,
    alerting: false,
    acknowledged: false,
    lastAttempt: null,
    nextAttemptAt: null,
    recoveryReason: null,
    hold: null,
    strikeReason: null,
    waitsFor: [],
    alertReason: null,
    uptime: { '24h': 100, '7d': 100, '30d': 100 },
    forecast: null,
    url: 'http://127.0.0.1:3000/',
    logs: '/tmp/app.log',
    pausedUntil: null,
    stoppedBy: null,
    portHolder: null,
    can: { heal: true, start: true, stop: false },
    ...over,
  };
}
const DOWN: Partial<ServiceView> = {
  status: 'error',
  phase: 'gave-up',
  alerting: true,
  reason: 'refused',
  message: 'Nothing answers on port 3000',
  since: ago(4 * MINUTE),
};
const PAUSED: Partial<ServiceView> = { phase: 'paused', pausedUntil: ago(-40 * MINUTE) };

function snapshot(services: ServiceView[], over: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 1,
    rev: 1,
    at: ago(0),
    overall: 'ok',
    sentence: `All ${services.length} are well`,
    counts: { ok: services.length, warning: 0, error: 0, unknown: 0, paused: 0, stopped: 0 },
    engine: { pid: 7, startedAt: ago(0), mode: 'app', version: '1.0.0', dryRun: false, recoveryEnabled: true, home: '/home' },
    problems: [],
    services,
    ...over,
  };
}
function facts(over: Partial<MenuFacts> = {}): MenuFacts {
  return {
    snapshot: undefined,
    nowMs: NOW_MS,
    loginItem: 'off',
    notices: { kind: 'untried' },
    settings: { isMonochrome: false, showsCount: false },
    whyNoCli: undefined,
    ...over,
  };
}
const labels = (rows: readonly MenuRow[] | undefined): string[] => (rows ?? []).map((row) => (row.kind === 'separator' ? '—' : row.label));
function row(rows: readonly MenuRow[] | undefined, start: string): MenuRow {
  const found = rows?.find(({ label }) => label.startsWith(start));
  if (!found) throw new Error(`no row ${start} in ${labels(rows).join(' | ')}`);
  return found;
}

test('a calm day: the sentence, each service with its state and since, and the ways on', () => {
  const rows = menuOf(facts({ snapshot: snapshot([service('gateway'), service('tracker')]) }));
  expect(labels(rows)).toEqual([
    'All 2 are well',
    '—',
    'Gateway: well, 3 h',
    'Tracker: well, 3 h',
    '—',
    'Check all',
    'Pause all for 1 hour',
    '—',
    'Open Jarvis Health',
    '—',
    'Start at login',
    'Settings',
    'Install command line tool',
    '—',
    'About Jarvis Health',
    'Quit Jarvis Health',
  ]);
  expect(rows.filter((one) => one.kind === 'item' && !one.isEnabled)).toHaveLength(1);
});

test('what needs a person comes first, with its face; a submenu does all without the window', () => {
  const rows = menuOf(facts({ snapshot: snapshot([service('tracker'), service('gateway', DOWN)]) }));
  const gateway = row(rows, 'Gateway');
  expect(gateway).toMatchObject({ label: 'Gateway: needs you, 4 min', face: 'error' });
  expect(rows.indexOf(gateway)).toBeLessThan(rows.indexOf(row(rows, 'Tracker')));
  expect(labels(gateway.rows)).toEqual([
    'Nothing answers on port 3000',
    '—',
    'Restart',
    'Check now',
    'Pause',
    'Acknowledge',
    '—',
    'Open',
    'Show logs',
    'Details…',
  ]);
  expect(row(gateway.rows, 'Restart').action).toEqual({ kind: 'ask', name: 'heal', id: 'gateway' });
  expect(row(row(gateway.rows, 'Pause').rows, 'For 1 hour').action).toEqual({
    kind: 'ask',
    name: 'pause',
    id: 'gateway',
    forMs: 3_600_000,
  });
  expect(row(row(gateway.rows, 'Pause').rows, 'Until').action).toEqual({ kind: 'ask', name: 'pause', id: 'gateway' });
  expect(row(gateway.rows, 'Details').action).toEqual({ kind: 'open-window', hash: '#/service/gateway' });
});

test('who took the port is named, and can be ended or looked at; who may not be ended says why', () => {
  const holder = {
    port: 3000,
    pid: 4711,
    startId: 's',
    name: 'python3',
    command: 'python3 -m http.server 3000',
    folder: '~/other',
    since: ago(5 * MINUTE),
    parent: { pid: 12, name: 'bash' },
    whyNot: null,
    hint: null,
    url: 'http://127.0.0.1:3000/',
  };
  const rowsWith = (over: object) =>
    row(menuOf(facts({ snapshot: snapshot([service('web', { ...DOWN, portHolder: { ...holder, ...over } })]) })), 'Web').rows;
  const rows = rowsWith({});
  expect(labels(rows)).toContain('Port 3000 is taken by python3 (pid 4711)');
  expect(labels(rows)).toContain('It is running for 5 min in ~/other, started by bash (pid 12)');
  expect(row(rows, 'End python3').action).toEqual({ kind: 'ask', name: 'freePort', id: 'web', pid: 4711 });
  expect(row(rows, 'Open what holds').action).toEqual({ kind: 'open-holder', id: 'web' });
  const kept = row(rowsWith({ whyNot: 'kept-by-pm2', hint: 'PM2 keeps it as shop: stop it there.' }), 'End python3');
  expect(kept).toMatchObject({ isEnabled: false, label: expect.stringContaining('PM2 keeps it as shop') });
});

test('a row that cannot be chosen says why, in the row', () => {
  const of = (over: Partial<ServiceView>) => labels(row(menuOf(facts({ snapshot: snapshot([service('web', over)]) })), 'Web').rows);
  expect(of({ can: { heal: false, start: false, stop: false }, url: null, logs: null })).toEqual(
    expect.arrayContaining([
      'Restart: nothing is set up to do it',
      'Acknowledge: nothing asks for you',
      'Open: no address is set up',
      'Show logs: no log is set up',
    ]),
  );
  expect(of({ ...DOWN, phase: 'recovering', acknowledged: true })).toEqual(
    expect.arrayContaining(['Restart: a repair is running', 'Acknowledge: you have done so']),
  );
  expect(labels(menuOf(facts()))).toEqual(
    expect.arrayContaining(['Check all: the engine does not run', 'Pause all for 1 hour: the engine does not run']),
  );
  expect(labels(menuOf(facts({ whyNoCli: 'only in the installed app' })))).toContain(
    'Install command line tool: only in the installed app',
  );
});

test('paused is resumed, stopped is started, and all at once', () => {
  const rows = menuOf(
    facts({ snapshot: snapshot([service('web', PAUSED), service('hub', { phase: 'stopped' }), service('disk', { type: 'disk' })]) }),
  );
  expect(row(rows, 'Web').label).toBe('Web: paused, 40 min left');
  expect(row(row(rows, 'Web').rows, 'Resume').action).toEqual({ kind: 'ask', name: 'resume', id: 'web' });
  expect(row(row(rows, 'Hub').rows, 'Start').action).toEqual({ kind: 'ask', name: 'start', id: 'hub' });
  expect(labels(row(rows, 'Hub').rows)).toContain('Pause: it is stopped');
  expect(labels(row(rows, 'Disk').rows)).toContain('Repair now');
  expect(row(rows, 'Resume all').action).toEqual({ kind: 'resume-all' });
  expect(labels(menuOf(facts({ snapshot: snapshot([service('web', PAUSED)]) })))).toContain(
    'Pause all for 1 hour: all are paused or stopped',
  );
});

test('a program that was not found is a state of its own, never "down"', () => {
  const missing = service('gateway', { type: 'command', status: 'unknown', reason: 'program-missing', message: 'openclaw was not found' });
  expect(row(menuOf(facts({ snapshot: snapshot([missing]) })), 'Gateway')).toMatchObject({
    label: 'Gateway: its program was not found',
    face: 'warning',
  });
  const offer = 'Say where the program is…';
  const inMenu = (view: ServiceView) => row(menuOf(facts({ snapshot: snapshot([view]) })), 'Gateway').rows ?? [];
  expect(row(inMenu(missing), offer).action).toEqual({ kind: 'open-window', hash: '#/settings?program=gateway' });
  const attempt = { id: 'a', at: ago(MINUTE), remedy: 'command', trigger: 'auto' as const, outcome: 'failed' as const };
  const lastAttempt = { ...attempt, reason: 'program-missing', secondsToHealthy: null };
  const noRepair = service('gateway', { status: 'error', phase: 'failing', lastAttempt });
  expect(labels(inMenu(noRepair))).toContain('The program of its repair was not found');
  expect(labels(inMenu(noRepair))).toContain(offer);
  expect(labels(inMenu(service('gateway', { lastAttempt }))), 'well again: of the past').not.toContain(offer);
  const noLister = service('gateway', { type: 'process', status: 'unknown', reason: 'program-missing' });
  expect(labels(inMenu(noLister)), 'no program of the person’s').not.toContain(offer);
});

test('start at login is what the system says', () => {
  const login = (loginItem: MenuFacts['loginItem']) => row(menuOf(facts({ loginItem })), 'Start at login');
  expect(login('off')).toMatchObject({ kind: 'check', isChecked: false, action: { kind: 'login-item', isOn: true } });
  expect(login('on')).toMatchObject({ kind: 'check', isChecked: true, action: { kind: 'login-item', isOn: false } });
  expect(login('requires-approval').action).toEqual({ kind: 'open-pane', pane: 'login-items' });
  expect(login('unpackaged')).toMatchObject({ isEnabled: false, label: 'Start at login: only in the installed app' });
});

test('what is wrong with the app itself stands on top: a refused configuration, blocked notices, another engine', () => {
  const problems = [{ code: 'config-refused', message: 'config.json is refused', since: ago(0) }];
  const engine = { ...(snapshot([]).engine as NonNullable<Snapshot['engine']>), mode: 'headless' as const };
  const rows = menuOf(
    facts({ snapshot: snapshot([service('web')], { problems, engine }), notices: { kind: 'failed', why: 'UNErrorDomain 1' } }),
  );
  expect(labels(rows).slice(1, 4)).toEqual([
    'Watched by the background service (process 7)',
    '⚠ config.json is refused',
    '⚠ Notices cannot be shown: open System Settings…',
  ]);
  expect(labels(row(rows, 'Settings').rows)).toContain('The last one failed: UNErrorDomain 1');
});

test('five hundred services do not make a menu longer than a screen; the worst of them are in it', () => {
  const many = Array.from({ length: 500 }, (_, at) => service(`s${at}`, at === 490 ? DOWN : {}));
  const rows = menuOf(facts({ snapshot: snapshot(many) }));
  expect(rows.length).toBeLessThan(45);
  expect(rows[2]?.label).toBe('S490: needs you, 4 min');
  expect(row(rows, '476 more').action).toEqual({ kind: 'open-window', hash: '' });
});

test('the icon, its tooltip and its title', () => {
  const bad = snapshot([service('gateway', DOWN)], { overall: 'error', sentence: '1 of 1 needs you: Gateway, 4 min' });
  expect(faceOf({ snapshot: bad })).toBe('error');
  expect(tooltipOf({ snapshot: bad })).toBe('Jarvis Health: 1 of 1 needs you: Gateway, 4 min');
  expect([titleOf({ snapshot: bad }, true), titleOf({ snapshot: bad }, false)]).toEqual(['1', '']);
  expect(titleOf({ snapshot: snapshot([service('a')]) }, true)).toBe('');
  expect(faceOf({ snapshot: snapshot([service('a', PAUSED), service('b', { phase: 'stopped' })]) })).toBe('paused');
  expect(faceOf({ snapshot: snapshot([service('a', PAUSED), service('b')]) })).toBe('ok');
  expect([faceOf({ snapshot: undefined }), tooltipOf({ snapshot: undefined })]).toEqual(['unknown', 'Jarvis Health: Starting']);
  expect([faceOf({ snapshot: bad, isSuspended: true }), tooltipOf({ snapshot: bad, isSuspended: true })]).toEqual([
    'unknown',
    'Jarvis Health: Asleep',
  ]);
  expect(faceOf({ snapshot: undefined, trouble: 'The home cannot be written' })).toBe('warning');
});

test('a restart that a build holds: which build, for how long, where; and it can be restarted all the same (R10)', () => {
  const hold = { build: 'npm install', pid: 4_711, folder: '/srv/shop', since: ago(2 * MINUTE), until: ago(-28 * MINUTE) };
  const held = service('shop', { status: 'error', phase: 'held', message: 'Nothing answers on port 3000', hold });
  const rows = menuOf(facts({ snapshot: snapshot([held]) }));
  const shop = row(rows, 'Shop');
  expect(shop.label).toBe('Shop: waits for npm install, at work for 2 min');
  expect(labels(shop.rows).slice(0, 2)).toEqual(['Nothing answers on port 3000', 'Held by npm install (process 4711) in /srv/shop']);
  expect(row(shop.rows, 'Restart').isEnabled).toBe(true);
});
