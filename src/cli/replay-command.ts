// `replay`: the last days under another configuration, side by side with what happened (PRODUCT section 6).
import path from 'node:path';
import { EXIT, HealthError } from '../contract/errors.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { ReplayEvent, ReplayReport } from '../contract/replay.ts';
import { configTextOf, replayFile } from '../engine/setup.ts';
import { onlyEngine } from './ask.ts';
import { type Io, json, line, paint } from './io.ts';
import type { Call } from './program.ts';

const WEEK_MS = 7 * 86_400_000;

export async function replay(call: Call, file: string | undefined, sinceMs: number | undefined): Promise<number> {
  const target = file === undefined ? path.join(call.home, HOME_FILES.config) : path.resolve(file);
  const text = await configTextOf(file, call.home);
  const toMs = Date.now();
  const fromMs = toMs - (sinceMs ?? WEEK_MS);
  const report = await engineOrRecord(call, target, text, fromMs, toMs);
  if (call.isJson) json(call.io, report);
  else for (const told of replayLines(report, call.io)) line(call.io, told);
  return EXIT.ok;
}

/** The engine first, which writes out what it still holds; without one the record answers, and nobody needs to own the home. */
async function engineOrRecord(call: Call, target: string, text: string, fromMs: number, toMs: number): Promise<ReplayReport> {
  const ask = await onlyEngine(call.home);
  try {
    return await ask('replay', { text, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
  } catch (error) {
    if (!(error instanceof HealthError && (error.code === 'no-engine' || error.code === 'engine-stuck'))) throw error;
    return replayFile({ home: call.home, file: target, text, fromMs, toMs });
  }
}

export function replayLines(report: ReplayReport, io: Io): string[] {
  const width = Math.max(7, ...report.services.map(({ name }) => name.length));
  const changed = report.services.filter(({ was, would }) => JSON.stringify(was) !== JSON.stringify(would));
  const row = (name: string, ...cells: (string | number)[]) =>
    `  ${name.padEnd(width)}  ${cells.map((cell) => String(cell).padStart(8)).join('')}`;
  const rows = report.services
    .filter(({ was, would }) => was.alerts + was.repairs + would.alerts + would.repairs > 0)
    .map(({ name, was, would }) => row(name, was.alerts, would.alerts, was.repairs, would.repairs, was.gaveUp, would.gaveUp));
  const events = report.events.filter(
    ({ was, would }) => was === null || would === null || Math.abs(Date.parse(was) - Date.parse(would)) > 1_000,
  );
  return [
    paint(io, 'bold', report.sentence),
    `${report.from} to ${report.to}, ${report.looks} looks`,
    ...(report.missing.length > 0
      ? ['', 'Parts of the record could not be read, and what happened then may be missing on both sides:']
      : []),
    ...report.missing.map(({ message }) => paint(io, 'yellow', `  ! ${message}`)),
    '',
    row('', 'alerts', '', 'repairs', '', 'gave up', ''),
    row('', 'was', 'would', 'was', 'would', 'was', 'would'),
    ...rows,
    ...(rows.length === 0 ? ['  nothing, neither way'] : []),
    ...(events.length > 0 ? ['', 'What would have been otherwise:', ...events.map((event) => eventLine(event, io))] : []),
    ...(report.moreEvents > 0 ? [`  and ${report.moreEvents} more`] : []),
    ...(events.length === 0 && changed.length === 0 ? ['', 'Nothing would have been otherwise.'] : []),
    '',
    ...report.notes.map((note) => paint(io, 'gray', `* ${note}`)),
  ];
}

function eventLine({ service, kind, what, was, would }: ReplayEvent, io: Io): string {
  const at = (would ?? was ?? '').replace(/\.\d+Z$/, 'Z');
  const words = `${at}  ${service.padEnd(16)} ${kind} ${what}`;
  if (was === null) return paint(io, 'yellow', `  + ${words}`);
  if (would === null) return paint(io, 'gray', `  - ${words}`);
  const seconds = Math.round((Date.parse(would) - Date.parse(was)) / 1_000);
  return `  ~ ${words}, ${Math.abs(seconds)} s ${seconds < 0 ? 'sooner' : 'later'}`;
}
