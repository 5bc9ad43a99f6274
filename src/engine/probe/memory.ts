// How much of the machine's memory is in use. Linux: MemAvailable of /proc/meminfo. macOS: what Activity Monitor calls
// used, and the kernel's own pressure level, which knows better than any share of bytes. Reads, changes nothing.
import { readFile as systemReadFile } from 'node:fs/promises';
import type { CheckOf } from '../../contract/config.ts';
import type { Measure } from '../../contract/flow.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import { sizeText } from '../../contract/units.ts';
import type { Finding } from './finding.ts';
import { findingOf } from './system-error.ts';

/** In bytes. */
interface Memory {
  readonly used: number;
  readonly total: number;
}
export interface MemoryReaders {
  /** The text of /proc/meminfo. */
  readonly meminfo: () => Promise<string>;
  /** systeminformation's answer on macOS. */
  readonly mac: () => Promise<{ readonly active: number; readonly total: number }>;
}
const systemReaders: MemoryReaders = {
  meminfo: () => systemReadFile('/proc/meminfo', 'utf8'),
  // Loaded only where it is needed: it costs memory that a Linux engine never gets back.
  mac: async () => (await import('systeminformation')).mem(),
};

const PRESSURE_LEVEL = ['/usr/sbin/sysctl', '-n', 'kern.memorystatus_vm_pressure_level'];

export async function probeMemory(check: CheckOf<'memory'>, ctx: ProbeContext, readers: MemoryReaders = systemReaders): Promise<Finding> {
  try {
    if (ctx.platform === 'linux') return finding(linuxMemory(await readers.meminfo()), check);
    if (ctx.platform === 'darwin') return await macFinding(check, ctx, readers);
  } catch (error) {
    return findingOf(error, 'while reading the memory');
  }
  return { level: 'unknown', reason: 'not-supported', message: `Memory is not measured on ${ctx.platform}` };
}

async function macFinding(check: CheckOf<'memory'>, ctx: ProbeContext, readers: MemoryReaders): Promise<Finding> {
  const pressure = ctx.commands.run({ argv: PRESSURE_LEVEL, timeoutMs: check.timeoutMs, signal: ctx.signal, ends: 'tree' });
  // `active` is anonymous + wired + compressed; `used` would count the file cache too.
  const { active, total } = await readers.mac();
  const bytes = finding({ used: active, total }, check);
  const result = await pressure;
  // 1 normal, 2 warning, 4 critical (kern_memorystatus_notify.c of xnu).
  const level = result.kind === 'exited' && result.exitCode === 0 ? result.lastLine.trim() : '';
  if (level === '4')
    return {
      ...bytes,
      level: 'error',
      reason: 'pressure-critical',
      message: `macOS is out of memory: critical pressure, ${bytes.message}`,
    };
  if (level === '2')
    return { ...bytes, level: 'warning', reason: 'pressure-warning', message: `macOS reports memory pressure, ${bytes.message}` };
  return level === '1' ? bytes : { ...bytes, message: `${bytes.message}; the pressure level could not be read` };
}

function finding(memory: Memory, check: CheckOf<'memory'>): Finding {
  const measure = usedOf(memory, check);
  return { level: 'ok', reason: 'within-limits', message: measure.okText, measures: [measure] };
}

function usedOf({ used, total }: Memory, check: CheckOf<'memory'>): Measure {
  const value = Math.round((used / total) * 1_000) / 10;
  // Rounded up: 90.4 % must not read as the 90 % that is still allowed.
  const text = `${Math.ceil(value)} % used (${sizeText(used)} of ${sizeText(total)})`;
  const clear = check.clearAt !== undefined && check.clearAt < check.maxUsed ? `, well again at ${check.clearAt} %` : '';
  return {
    name: 'used',
    value,
    unit: 'percent',
    limit: check.maxUsed,
    failsWhen: 'above',
    clearAt: check.clearAt,
    failText: `${text}; the limit is ${check.maxUsed} %${clear}`,
    okText: text,
  };
}

function linuxMemory(meminfo: string): Memory {
  const bytesOf = (name: string): number | undefined => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo);
    return found ? Number(found[1]) * 1024 : undefined;
  };
  const total = bytesOf('MemTotal');
  const available = bytesOf('MemAvailable');
  if (!total || available === undefined) throw new Error('/proc/meminfo tells no MemTotal and MemAvailable');
  return { used: total - available, total };
}
