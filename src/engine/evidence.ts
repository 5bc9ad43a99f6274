// What the agent gets to see beside an alert (PRODUCT section 8): last lines of the service's log, top processes.
// Only reads; trouble with reading is no trouble for the alert. What changed since the service was well is not gathered yet.
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ServiceConfig } from '../contract/config.ts';
import type { ProcessPort } from '../contract/ports.ts';
import { sizeText } from '../contract/units.ts';
import type { QueueRaise } from './tell/agent-queue.ts';

const TAIL_BYTES = 16_384;
const TAIL_LINES = 20;
const LINE_MAX = 500;
const TOP_COUNT = 5;

export async function gatherEvidence(
  service: ServiceConfig,
  processes: ProcessPort,
  userHome = os.homedir(),
): Promise<QueueRaise['evidence']> {
  return {
    lastLogLines: await lastLines(logOf(service), userHome).catch(() => []),
    changesSinceHealthy: [],
    topProcesses: await topProcesses(processes).catch(() => []),
  };
}

function logOf(service: ServiceConfig): string | undefined {
  return service.logs ?? service.recovery.flatMap((remedy) => ('log' in remedy && remedy.log ? [remedy.log] : []))[0];
}

async function lastLines(file: string | undefined, userHome: string): Promise<string[]> {
  if (!file) return [];
  const log = file.startsWith('~/') ? path.join(userHome, file.slice(2)) : file;
  // Opening a pipe waits for its writer, and a thread that waits so keeps the whole engine from ending. Asked first, and
  // opened without waiting should it have been changed meanwhile.
  if (!(await stat(log)).isFile()) return [];
  const handle = await open(log, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const opened = await handle.stat();
    if (!opened.isFile()) return [];
    const { size } = opened;
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, TAIL_BYTES)), 0, Math.min(size, TAIL_BYTES), from);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n').filter(Boolean);
    return (from > 0 ? lines.slice(1) : lines).slice(-TAIL_LINES).map((line) => scrub(line.slice(0, LINE_MAX)));
  } finally {
    await handle.close();
  }
}

async function topProcesses(processes: ProcessPort): Promise<string[]> {
  const { rows } = await processes.table();
  return [...rows.values()]
    .sort((a, b) => b.rssBytes - a.rssBytes)
    .slice(0, TOP_COUNT)
    .map((row) => `${row.pid} ${row.name} ${sizeText(row.rssBytes)}`);
}

/** Secrets do not leave the machine by way of an alert: `key=value` of telling names, bearer tokens, passwords in addresses. */
function scrub(line: string): string {
  return line
    .replace(/((?:api[-_]?key|token|secret|password|passwd|authorization)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|\S+)/gi, '$1…')
    .replace(/(bearer\s+)\S+/gi, '$1…')
    .replace(/(\w+:\/\/[^\s:/@]+:)[^\s@]+@/g, '$1…@');
}
