// The one schema of the configuration: types, defaults and checks. From it are made config.schema.json,
// docs/configuration.md and (later) the settings form. What a person writes goes in ("5m"), what the
// engine uses comes out (`intervalMs: 300000`). Touches nothing; the file itself is keep/config-file.ts.
// Longer than 250 lines because a reader wants the whole configuration on one page.
import * as z from 'zod';
import { SUPERVISORS } from './keeper.ts';
import { compileMatch } from './match.ts';
import { DURATION_PATTERN, LONGEST_DURATION_MS, parseDuration, parseShare, parseSize, SHARE_PATTERN, SIZE_PATTERN } from './units.ts';

const SECOND = 1_000;

function durationOf(minMs: number, example: string, minText: string) {
  return z
    .string({ error: `a duration like "${example}"` })
    .regex(new RegExp(DURATION_PATTERN), { error: `a duration like "${example}" (ms, s, m, h, d)` })
    .transform((text, context) => {
      const ms = parseDuration(text) ?? 0;
      if (ms < minMs) context.addIssue({ code: 'custom', message: `a duration of at least ${minText}` });
      if (ms > LONGEST_DURATION_MS) context.addIssue({ code: 'custom', message: 'a duration of at most 36500d' });
      return ms;
    });
}
const duration = (example: string) => durationOf(SECOND, example, '1s');
const timeout = (example: string) => durationOf(100, example, '100ms');

const sizeText = z
  .string({ error: 'a size like "100MB"' })
  .regex(new RegExp(SIZE_PATTERN), { error: 'a size like "100MB" or "20GiB"' })
  .transform((text) => parseSize(text) ?? 0);
const shareText = z
  .string({ error: 'a share like "10%"' })
  .regex(new RegExp(SHARE_PATTERN), { error: 'a share from "0%" to "100%"' })
  .transform((text, context) => {
    const share = parseShare(text);
    if (share === undefined) context.addIssue({ code: 'custom', message: 'a share from "0%" to "100%"' });
    return share ?? 0;
  });

/** An amount that may be relative or absolute. `percent` is 0-100, `bytes` are bytes. */
interface Amount {
  readonly unit: 'percent' | 'bytes';
  readonly value: number;
}
const amount = z
  .string({ error: 'a share like "10%" or a size like "20GB"' })
  .regex(new RegExp(`${SHARE_PATTERN}|${SIZE_PATTERN}`), { error: 'a share like "10%" or a size like "20GB"' })
  .transform((text, context): Amount => {
    const share = parseShare(text);
    if (share !== undefined) return { unit: 'percent', value: share };
    const bytes = parseSize(text);
    if (bytes === undefined) context.addIssue({ code: 'custom', message: 'a share from "0%" to "100%" or a size like "20GB"' });
    return { unit: 'bytes', value: bytes ?? 0 };
  });

const text = (what: string) => z.string({ error: what }).min(1, { error: what });
const count = (what: string, min = 1, max = 1_000_000) => z.int({ error: what }).min(min, { error: what }).max(max, { error: what });
const port = count('a port from 1 to 65535', 1, 65_535).describe('TCP port, 1 to 65535.');
const folder = text('a folder').describe('Working folder: absolute, or beginning with `~/`.');
const pidFile = text('a path').describe('File that holds the process id: absolute, or beginning with `~/`.');
const headers = z.record(z.string(), z.string({ error: 'a text' })).describe('Headers of the request, as names with texts.');
const argv = z
  .array(text('a word of the command'), { error: 'a list of words, like ["python3", "app.py"] (no shell reads it)' })
  .min(1, { error: 'a list of at least one word' })
  .describe('A command as a list of words. No shell reads it; nothing is interpolated (R18).');
const paths = z
  .array(text('a path or glob'), { error: 'a list of paths or globs' })
  .min(1, { error: 'at least one path' })
  .describe('Paths or globs (`*`, `**`): absolute, or beginning with `~/`.');
const env = z
  .record(z.string(), z.string({ error: 'a text' }), { error: 'names with texts, like {"PORT": "3000"}' })
  .describe('Environment variables, added to those of the engine.');
const webUrl = z
  .string({ error: 'an http or https address' })
  .refine(isWebUrl, { error: 'an http or https address, its port from 1 to 65535' });
const match = text('text, or /a regular expression/')
  .refine(isMatch, { error: 'text, or a valid /regular expression/' })
  .describe('Text contained in the whole command line, or /a regular expression/. The engine never matches itself.');

function isWebUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).port !== '0';
}
function isMatch(value: string): boolean {
  try {
    compileMatch(value);
    return true;
  } catch {
    return false;
  }
}

// ---------------------------------------------------------------- checks
const checkTimeout = timeout('10s').prefault('10s').describe('How long one look may take.');

const processCheck = z
  .strictObject({
    type: z.literal('process'),
    match: match.optional(),
    name: text("the program's own name").describe("The program's own name, exactly.").optional(),
    pidFile: pidFile.optional(),
    launchdLabel: text('a launchd label').describe('Label of a LaunchAgent of this user (macOS).').optional(),
    min: count('a number from 1').default(1).describe('How many processes must be there.'),
    maxMemory: sizeText.optional().describe('Resident memory of all of them together.'),
    maxCpu: count('a share of one core in percent', 1, 10_000).optional().describe('Percent of one core, all of them together.'),
    timeout: checkTimeout,
  })
  .refine((c) => [c.match, c.name, c.pidFile, c.launchdLabel].filter((x) => x !== undefined).length === 1, {
    error: 'exactly one of match, name, pidFile, launchdLabel',
  })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const tcpCheck = z
  .strictObject({
    type: z.literal('tcp'),
    host: text('a host').default('127.0.0.1').describe('Host name or address.'),
    port,
    timeout: checkTimeout,
  })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const statusRange = /^\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*$/;
const httpCheck = z
  .strictObject({
    type: z.literal('http'),
    url: webUrl.describe('Address that is asked.'),
    method: z
      .enum(['GET', 'HEAD', 'POST', 'OPTIONS'], { error: 'GET, HEAD, POST or OPTIONS' })
      .default('GET')
      .describe('Method of the request.'),
    headers: headers.optional(),
    status: z
      .string({ error: 'codes like "200-399" or "200,204"' })
      .regex(statusRange, { error: 'codes like "200-399" or "200,204"' })
      .default('200-399')
      .describe('Status codes that are well: ranges and single codes, comma between.'),
    body: text('a text').optional().describe('Text that the answer must contain.'),
    json: z
      .record(z.string().regex(/^(\/|$)/, { error: 'a JSON pointer like "/status"' }), z.json())
      .optional()
      .describe('JSON pointer to the value that must be there, like {"/ok": true}.'),
    maxLatency: timeout('2s').optional().describe('Slower than this is an error.'),
    timeout: checkTimeout,
  })
  .transform(({ timeout, maxLatency, ...rest }) => ({ ...rest, timeoutMs: timeout, maxLatencyMs: maxLatency }));

const diskCheck = z
  .strictObject({
    type: z.literal('disk'),
    path: text('a path').default('~').describe('Any path on the file system that is watched.'),
    minFree: amount.prefault('10%').describe('Less free space than this is an error: a share or a size.'),
    minInodes: shareText.optional().describe('A smaller share of free inodes than this is an error.'),
    clearAt: amount.optional().describe('Free space at which a failing disk counts as well again.'),
    timeout: checkTimeout,
  })
  .refine((c) => !c.clearAt || c.clearAt.unit === c.minFree.unit, {
    path: ['clearAt'],
    error: 'the same unit as minFree',
  })
  .refine((c) => !c.clearAt || c.clearAt.unit !== c.minFree.unit || c.clearAt.value >= c.minFree.value, {
    path: ['clearAt'],
    error: 'at least minFree',
  })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const memoryCheck = z
  .strictObject({
    type: z.literal('memory'),
    maxUsed: shareText.prefault('90%').describe('More memory in use than this is an error.'),
    clearAt: shareText.optional().describe('Use at which failing memory counts as well again.'),
    timeout: checkTimeout,
  })
  .refine((c) => c.clearAt === undefined || c.clearAt <= c.maxUsed, { path: ['clearAt'], error: 'at most maxUsed' })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const logFilesCheck = z
  .strictObject({
    type: z.literal('log-files'),
    paths,
    maxSize: sizeText.optional().describe('Largest allowed size of one file, in allocated blocks.'),
    pattern: match.optional().describe('Text or /regular expression/ whose new appearance in a file is an error.'),
    maxAge: duration('1h').optional().describe('A file not written for longer than this is an error.'),
    timeout: checkTimeout,
  })
  .refine((c) => c.maxSize !== undefined || c.pattern !== undefined || c.maxAge !== undefined, {
    error: 'at least one of maxSize, pattern, maxAge',
  })
  .transform(({ timeout, maxAge, ...rest }) => ({ ...rest, timeoutMs: timeout, maxAgeMs: maxAge }));

const commandCheck = z
  .strictObject({
    type: z.literal('command'),
    run: argv.describe('Command as a list of words, no shell. Exit 0 ok, 1 warning, 2 error, else unknown; its last line is the message.'),
    cwd: folder.optional(),
    env: env.optional(),
    timeout: checkTimeout,
  })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

export const checkSchema = z.discriminatedUnion('type', [
  processCheck,
  tcpCheck,
  httpCheck,
  diskCheck,
  memoryCheck,
  logFilesCheck,
  commandCheck,
]);
export type CheckConfig = z.output<typeof checkSchema>;
export type CheckType = CheckConfig['type'];
export type CheckOf<T extends CheckType> = Extract<CheckConfig, { type: T }>;

// ---------------------------------------------------------------- remedies
const startWindow = duration('60s').prefault('60s').describe('How long the service may honestly still be starting after this remedy (R4).');
const remedyTimeout = (value: string) => timeout(value).prefault(value).describe('How long the remedy itself may run.');

const find = z
  .strictObject({ port: port.optional(), match: match.optional(), pidFile: pidFile.optional() })
  .refine((f) => f.match !== undefined, {
    error: 'a match; a port or a pid alone does not prove whose process it is (R13)',
  })
  .transform((f) => ({ ...f, match: f.match as string }));

const commandRemedy = z
  .strictObject({
    type: z.literal('command'),
    run: argv,
    cwd: folder.optional(),
    env: env.optional(),
    timeout: remedyTimeout('60s'),
    startWindow,
  })
  .transform(({ timeout, startWindow, ...rest }) => ({ ...rest, timeoutMs: timeout, startWindowMs: startWindow }));

const restartProcess = z
  .strictObject({
    type: z.literal('restart-process'),
    find: find.describe('How the running process is found: `match`, and `port` or `pidFile` beside it (R13).'),
    start: argv.describe('Command that starts the service, as a list of words; no shell reads it (R18).'),
    cwd: folder.optional(),
    env: env.optional(),
    log: text('a path').optional().describe('File that the started service writes to (appended).'),
    stopTimeout: timeout('10s').prefault('10s').describe('How long after TERM before KILL (R13).'),
    timeout: remedyTimeout('60s'),
    startWindow,
  })
  .transform(({ timeout, startWindow, stopTimeout, ...rest }) => ({
    ...rest,
    timeoutMs: timeout,
    startWindowMs: startWindow,
    stopTimeoutMs: stopTimeout,
  }));

const launchdRemedy = z
  .strictObject({
    type: z.literal('launchd'),
    label: text('a launchd label').describe('Label of a LaunchAgent of this user (macOS).'),
    timeout: remedyTimeout('60s'),
    startWindow,
  })
  .transform(({ timeout, startWindow, ...rest }) => ({ ...rest, timeoutMs: timeout, startWindowMs: startWindow }));

const keeper = z
  .strictObject({
    by: z.enum(SUPERVISORS, { error: SUPERVISORS.join(', ') }).describe('Who keeps the service running.'),
    name: text('a name').describe('As that one names it: label, formula, app, unit, container, program.'),
    at: text('a path, an address, or "user" or "system"')
      .optional()
      .describe(
        "Which of several: PM2's home (default `~/.pm2`), `user` or `system` of systemd (default `user`), supervisord's file or address.",
      ),
  })
  .describe('Who keeps the service, where that is known. Without it, it is found out while the service runs.');

const autoRemedy = z
  .strictObject({
    type: z.literal('auto'),
    keeper: keeper.optional(),
    find: find.optional().describe('How the running process is found: `match`, and `port` or `pidFile` beside it (R13).'),
    start: argv.optional().describe('Command that starts the service where nobody keeps it; no shell reads it (R18).'),
    cwd: folder.optional(),
    env: env.optional(),
    log: text('a path').optional().describe('File that a service started so writes to (appended).'),
    stopTimeout: timeout('10s').prefault('10s').describe('How long after TERM before KILL, where nobody keeps it (R13).'),
    timeout: remedyTimeout('60s'),
    startWindow,
  })
  .refine((remedy) => remedy.start === undefined || remedy.find !== undefined, {
    path: ['find'],
    error: 'a find beside start: what is started must be found again (R13)',
  })
  .transform(({ timeout, startWindow, stopTimeout, ...rest }) => ({
    ...rest,
    timeoutMs: timeout,
    startWindowMs: startWindow,
    stopTimeoutMs: stopTimeout,
  }));

const deleteOldLogs = z
  .strictObject({
    type: z.literal('delete-old-logs'),
    paths,
    olderThan: duration('30d').describe('Only files not written for longer than this (R14).'),
    timeout: remedyTimeout('5m'),
    startWindow,
  })
  .transform(({ timeout, startWindow, olderThan, ...rest }) => ({
    ...rest,
    timeoutMs: timeout,
    startWindowMs: startWindow,
    olderThanMs: olderThan,
  }));

const rotateLogs = z
  .strictObject({
    type: z.literal('rotate-logs'),
    paths: paths.optional().describe("Default: the check's own paths."),
    keep: count('a number from 1', 1, 10_000).default(10).describe('How many archives of one file are kept.'),
    after: argv.optional().describe('Command that makes the writer reopen its file; with it the file is rotated by rename (R15).'),
    timeout: remedyTimeout('5m'),
    startWindow,
  })
  .transform(({ timeout, startWindow, ...rest }) => ({ ...rest, timeoutMs: timeout, startWindowMs: startWindow }));

const logTopProcesses = z
  .strictObject({
    type: z.literal('log-top-processes'),
    count: count('a number from 1 to 100', 1, 100).default(10).describe('How many processes are listed.'),
    timeout: remedyTimeout('30s'),
  })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const httpRemedy = z
  .strictObject({
    type: z.literal('http'),
    url: webUrl.describe('Address that is called.'),
    method: z
      .enum(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'], { error: 'GET, POST, PUT, DELETE or PATCH' })
      .default('POST')
      .describe('Method of the request.'),
    headers: headers.optional(),
    body: z.string({ error: 'a text' }).optional().describe('Body of the request.'),
    timeout: remedyTimeout('30s'),
    startWindow,
  })
  .transform(({ timeout, startWindow, ...rest }) => ({ ...rest, timeoutMs: timeout, startWindowMs: startWindow }));

export const remedySchema = z.discriminatedUnion('type', [
  commandRemedy,
  restartProcess,
  launchdRemedy,
  autoRemedy,
  deleteOldLogs,
  rotateLogs,
  logTopProcesses,
  httpRemedy,
]);
export type RemedyConfig = z.output<typeof remedySchema>;
export type RemedyType = RemedyConfig['type'];
export type RemedyOf<T extends RemedyType> = Extract<RemedyConfig, { type: T }>;

// ---------------------------------------------------------------- services
const serviceSchema = z.strictObject({
  id: z
    .string({ error: 'a name in kebab-case, like "my-app"' })
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: 'a name in kebab-case, like "my-app"' })
    .max(64, { error: 'at most 64 letters' })
    .describe('Name in kebab-case, unique in the file.'),
  name: text('a name').optional().describe('What people read; default: the id.'),
  check: checkSchema.describe('How the service is looked at.'),
  recovery: z
    .array(remedySchema, { error: 'a list of remedies' })
    .default([])
    .describe('Remedies, tried in this order. An empty list repairs nothing.'),
  proposed: z
    .array(remedySchema)
    .optional()
    .describe('Remedies that discovery proposes. They are never run; move one to `recovery` to allow it.'),
  interval: duration('5m').optional().describe("This service's own `interval`."),
  retryInterval: duration('1m').optional().describe("This service's own `retryInterval`."),
  afterFailures: count('a number from 1', 1, 1_000).optional().describe("This service's own `alerts.afterFailures`."),
  cooldown: duration('1h').optional().describe("This service's own `alerts.cooldown`."),
  dependsOn: z
    .array(text('the id of a service'), { error: 'a list of ids' })
    .default([])
    .describe(
      'Ids of services that this one needs; while one is down this one is left alone (R11). A watched disk need not be named: while it is full, what lives on it waits for it.',
    ),
  enabled: z.boolean({ error: 'true or false' }).default(true).describe('false: kept in the file, not watched.'),
  url: webUrl.optional().describe('Address to open for a person.'),
  logs: text('a path').optional().describe('Log file to open for a person.'),
  cwd: folder.optional().describe('Folder of the service: the working folder of its remedies where they name none.'),
  holdDuringBuilds: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe(
      "Hold restarts while a build works in the service's folder (R10). Default: true where `cwd`, or that of a remedy, names one.",
    ),
});

const alertsSchema = z.strictObject({
  afterFailures: count('a number from 1', 1, 1_000).default(3).describe('Failures in a row before anybody is told (R6).'),
  cooldown: duration('1h').prefault('1h').describe('At most one notice per service in this time (R6).'),
  channels: z
    .array(z.enum(['notification', 'queue'], { error: '"notification" or "queue"' }))
    .default(['notification', 'queue'])
    .describe('Who is told: the desktop, the queue of the agent.'),
});
const recoverySchema = z
  .strictObject({
    enabled: z.boolean({ error: 'true or false' }).default(true).describe('false: alert as usual, repair nothing (R20).'),
    cooldown: duration('5m').prefault('5m').describe('Attempts on one service start at least this far apart (R3).'),
    maxAttempts: count('a number from 1', 1, 1_000).default(3).describe('Attempts on one service within `window` (R5).'),
    window: duration('30m').prefault('30m').describe('At most maxAttempts in this time (R5).'),
    standDown: z
      .array(duration('30m'), { error: 'a list of durations' })
      .min(1, { error: 'at least one duration' })
      .prefault(['30m', '2h', '6h'])
      .describe('After giving up: the waits before one more attempt; the last repeats (R5).'),
  })
  .refine((r) => r.window >= r.cooldown * (r.maxAttempts - 1), {
    path: ['window'],
    error: 'at least cooldown x (maxAttempts - 1), or the budget could never be spent',
  });

const batterySchema = z.strictObject({
  slower: count('a number from 1 to 20', 1, 20)
    .default(1)
    .describe('On battery, services that are well are checked so many times more rarely; failing ones as ever.'),
});

const programs = (what: string) =>
  z.array(z.string({ error: what }).regex(/^\S+( \S+)*$/, { error: what }), { error: `a list: each ${what}` });
const buildsSchema = z.strictObject({
  tools: programs('a program, or a program and its first words, like "mytool build"')
    .default([])
    .describe('More programs that are builds, each with its first words where only these build: `"mytool"`, `"mytool build"`.'),
  ignore: programs('a program, or a program and its first words, like "make docs"')
    .default([])
    .describe('Programs that hold nothing, written the same way: `"make"`, `"npm run build"`.'),
});

export const configSchema = z.strictObject({
  $schema: z.string({ error: 'a text' }).optional().describe('Schema beside this file, so that editors complete and check it.'),
  about: z
    .string({ error: 'a text' })
    .optional()
    .describe('A note for people, like where this file came from. The engine does not use it.'),
  interval: duration('5m').prefault('5m').describe('A healthy service is checked this often (R1).'),
  retryInterval: duration('1m').prefault('1m').describe('A failing service is checked this often (R1).'),
  concurrency: count('a number from 1 to 1000', 1, 1_000).default(32).describe('How many checks may run a program at the same time.'),
  alerts: alertsSchema.prefault({}).describe('When and how people and the agent are told.'),
  recovery: recoverySchema.prefault({}).describe('The pace and the budget of repairs.'),
  battery: batterySchema.prefault({}).describe('What is done otherwise while the machine runs on its battery.'),
  builds: buildsSchema.prefault({}).describe('What counts as a build, beyond the programs that are known (R10).'),
  services: z.array(serviceSchema, { error: 'a list of services' }).describe('What is watched.'),
});

/** What a person writes. */
export type ConfigInput = z.input<typeof configSchema>;
export type ServiceInput = z.input<typeof serviceSchema>;
/** The parsed file, before defaults reach each service. */
export type ParsedConfig = z.output<typeof configSchema>;

/** One service with every default resolved: all that decisions and rounds may know of it. */
export interface ServiceConfig {
  readonly id: string;
  readonly name: string;
  readonly check: CheckConfig;
  readonly recovery: readonly RemedyConfig[];
  readonly intervalMs: number;
  readonly retryIntervalMs: number;
  readonly afterFailures: number;
  /** Notices of this service are at least this far apart (R6). */
  readonly alertCooldownMs: number;
  readonly dependsOn: readonly string[];
  readonly url: string | undefined;
  readonly logs: string | undefined;
  readonly cwd: string | undefined;
  /** Where a build holds its restart (R10), as written: `~` is not yet resolved. Empty: nothing is held. */
  readonly buildFolders: readonly string[];
}
/** Programs beyond those that are known, each with its first words (R10). */
export interface BuildsConfig {
  readonly tools: readonly string[];
  readonly ignore: readonly string[];
}
export interface RecoveryConfig {
  readonly enabled: boolean;
  readonly cooldownMs: number;
  readonly maxAttempts: number;
  readonly windowMs: number;
  readonly standDownMs: readonly number[];
}
type ChannelName = 'notification' | 'queue';
export interface Config {
  readonly concurrency: number;
  readonly channels: readonly ChannelName[];
  readonly recovery: RecoveryConfig;
  /** By how many times everyday looks come more rarely on battery; 1: not at all. */
  readonly onBatterySlower: number;
  readonly builds: BuildsConfig;
  /** Enabled services only, in the order of the file. */
  readonly services: readonly ServiceConfig[];
}

/** Resolves the defaults of a valid parsed file. */
export function resolveConfig(parsed: ParsedConfig): Config {
  const enabled = new Set(parsed.services.filter((service) => service.enabled).map((service) => service.id));
  return {
    concurrency: parsed.concurrency,
    channels: parsed.alerts.channels,
    onBatterySlower: parsed.battery.slower,
    recovery: {
      enabled: parsed.recovery.enabled,
      cooldownMs: parsed.recovery.cooldown,
      maxAttempts: parsed.recovery.maxAttempts,
      windowMs: parsed.recovery.window,
      standDownMs: parsed.recovery.standDown,
    },
    builds: parsed.builds,
    services: parsed.services
      .filter((service) => service.enabled)
      .map((service) => {
        const intervalMs = service.interval ?? parsed.interval;
        return {
          id: service.id,
          name: service.name ?? service.id,
          check: service.check,
          recovery: service.recovery,
          intervalMs,
          // A short interval of its own shortens the inherited retryInterval; one written beside it is checked instead.
          retryIntervalMs: service.retryInterval ?? Math.min(parsed.retryInterval, intervalMs),
          afterFailures: service.afterFailures ?? parsed.alerts.afterFailures,
          alertCooldownMs: service.cooldown ?? parsed.alerts.cooldown,
          // A parent that is not watched has no status that could hold this one back (R11).
          dependsOn: service.dependsOn.filter((id) => enabled.has(id)),
          url: service.url,
          logs: service.logs,
          cwd: service.cwd,
          buildFolders: buildFoldersOf(service),
        };
      }),
  };
}

/** The folders of a service that is a program: its own, and those its remedies work in. What only looks at the machine or at files
 * (disk, memory, logs) and mends just those has no build of its own. */
function buildFoldersOf({ check, recovery, cwd, holdDuringBuilds }: ParsedConfig['services'][number]): readonly string[] {
  if (holdDuringBuilds === false) return [];
  const restarts = recovery.filter((remedy) => remedy.type === 'restart-process' || remedy.type === 'command');
  const isProgram = !['disk', 'memory', 'log-files'].includes(check.type);
  const isRestarted = restarts.length > 0 || recovery.some((remedy) => remedy.type === 'launchd' || remedy.type === 'http');
  if (!isProgram && !isRestarted && holdDuringBuilds !== true) return [];
  return [...new Set([cwd, ...restarts.map((remedy) => remedy.cwd)].filter((folder) => folder !== undefined))];
}
