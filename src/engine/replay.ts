// A rehearsal (PRODUCT section 6, `replay`): the record of a home played under another configuration. Reads the audit logs, and
// history.db for older times, a piece at a time, and rests in between, so that a running engine can do it beside its work.
// Writes nothing.
import type { AuditLog } from '../contract/audit.ts';
import type { Config } from '../contract/config.ts';
import type { TimersPort } from '../contract/ports.ts';
import type { RecordedDeeds, RecordedLine } from '../contract/recorded.ts';
import type { ReplayReport } from '../contract/replay.ts';
import { type AuditLine, type FileRead, readAudit } from './keep/audit-reader.ts';
import { type OlderPast, openOlderPast } from './keep/history-looks.ts';
import { addDeed, recordedLine } from './keep/recorded-lines.ts';
import { type LostLines, missingRecords } from './replay-missing.ts';
import { reportOf } from './replay-report.ts';
import { createReplayWorld } from './replay-world.ts';
import { realTimers, systemNow } from './system.ts';

export interface ReplayOptions {
  readonly home: string;
  /** What is tried. */
  readonly config: Config;
  /** What is in force. */
  readonly present: Config | undefined;
  /** Unix time; default: the last seven days. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly timers?: Pick<TimersPort, 'sleep'>;
  /** Milliseconds that pass on this thread. */
  readonly nowMs?: () => number;
}

const DAY_MS = 86_400_000;
/** Cooldowns, budgets and incidents that reach into the time that is asked for. */
const BEFORE_MS = DAY_MS;
const LINES_A_PIECE = 256;
/** Repairs and alerts of so long are read at once. */
const DEEDS_MS = 10 * DAY_MS;
/** Nobody waits for longer than this on the engine's own thread. */
const SLICE_MS = 4;

export async function replayHome(options: ReplayOptions): Promise<ReplayReport> {
  const { home, config, present, timers = realTimers, nowMs = systemNow } = options;
  const toMs = options.toMs ?? systemNow();
  const fromMs = options.fromMs ?? toMs - 7 * DAY_MS;
  const beginMs = fromMs - BEFORE_MS;
  let sliceFrom = nowMs();
  const rest = async (): Promise<void> => {
    if (nowMs() - sliceFrom < SLICE_MS) return;
    await timers.sleep(1);
    sliceFrom = nowMs();
  };
  const files: FileRead[] = [];
  const lost: LostLines[] = [];
  const onFile = (read: FileRead): void => void files.push(read);
  const noteLost = (line: AuditLine): void => void lost.push(...lostLines(line));
  const health = pieces(readAudit({ home, logs: ['health'], fromMs: beginMs, toMs, onFile }), noteLost);
  let historyTrouble: string | undefined;
  const older = await openOlderPast(home, (why) => {
    historyTrouble = why;
  });
  await rest();
  try {
    const first = await health.next();
    const logsFromMs = first.done ? undefined : first.value[0]?.at;
    const oldUntilMs = Math.min(toMs, logsFromMs ?? toMs);
    const deeds: RecordedDeeds = { attempts: [], alerts: [], unwritable: [] };
    for (let at = beginMs; older && at < oldUntilMs; at += DEEDS_MS) {
      older.addDeeds(deeds, at, Math.min(at + DEEDS_MS, oldUntilMs));
      await rest();
    }
    const deedsFromMs = Math.max(beginMs, oldUntilMs);
    for await (const told of readAudit({ home, logs: ['recovery', 'alerts'], fromMs: deedsFromMs, toMs, onFile })) {
      addDeed(deeds, told.line);
      noteLost(told);
      await rest();
    }
    const world = createReplayWorld(config, deeds, present);
    let isOlder = false;
    if (older && beginMs < oldUntilMs) {
      for (const looks of older.looks(beginMs, oldUntilMs)) {
        isOlder = true;
        await rest();
        await world.play(looks, rest);
      }
    }
    let changes = 0;
    for (let piece = first; !piece.done; piece = await health.next()) {
      changes += piece.value.filter(({ kind, at }) => kind === 'configured' && at >= fromMs).length;
      await world.play(piece.value, rest);
    }
    await rest();
    const exactFromMs = isOlder ? logsFromMs : logsFromMs === undefined ? undefined : Math.min(logsFromMs, fromMs);
    const missing = missingRecords({
      files,
      lost,
      fromMs: beginMs,
      toMs,
      logsFromMs: oldUntilMs,
      isKnown: (log, from, to) => older !== undefined && isKnown(older, log, from, to),
      historyTrouble: beginMs < oldUntilMs ? historyTrouble : undefined,
    });
    return reportOf({ fromMs, toMs, exactFromMs, changes, deeds, played: world.played(), config, present, missing });
  } finally {
    older?.close();
    await health.return(undefined);
  }
}

/** Whether the history has a look, a repair or an alert of that time. */
function isKnown(older: OlderPast, log: AuditLog, fromMs: number, toMs: number): boolean {
  if (log === 'health') return older.looks(fromMs, toMs).next().done !== true;
  const deeds: RecordedDeeds = { attempts: [], alerts: [], unwritable: [] };
  older.addDeeds(deeds, fromMs, toMs);
  return (log === 'recovery' ? deeds.attempts : deeds.alerts).length > 0;
}

/** What the engine says itself that it could not write (audit-writer.ts). */
function lostLines({ log, line }: AuditLine): LostLines[] {
  if (line['event'] !== 'lines-lost') return [];
  const [fromMs, toMs] = [line['from'], line['to']].map((at) => (typeof at === 'string' ? Date.parse(at) : Number.NaN));
  const lines = typeof line['count'] === 'number' ? line['count'] : undefined;
  return Number.isNaN(toMs) ? [] : [{ log, lines, fromMs: Number.isNaN(fromMs) ? undefined : fromMs, toMs: toMs as number }];
}

async function* pieces(lines: AsyncIterable<AuditLine>, note: (line: AuditLine) => void): AsyncGenerator<RecordedLine[], undefined> {
  let piece: RecordedLine[] = [];
  for await (const told of lines) {
    note(told);
    const recorded = recordedLine(told.line);
    if (!recorded || Number.isNaN(recorded.at)) continue;
    piece.push(recorded);
    if (piece.length < LINES_A_PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
  return undefined;
}
