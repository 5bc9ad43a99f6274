// Does this machine run on its battery? Reads /sys/class/power_supply on Linux (kernel documentation, ABI/testing/sysfs-class-power),
// asks `pmset -g batt` on macOS (pmset(1)). Changes nothing.
import { readdir as systemReaddir, readFile as systemReadFile } from 'node:fs/promises';
import type { CommandPort } from '../../contract/ports.ts';

export interface PowerReaders {
  readonly platform: NodeJS.Platform;
  readonly commands: Pick<CommandPort, 'run'>;
  readonly readdir?: (path: string) => Promise<string[]>;
  readonly readFile?: (path: string) => Promise<string>;
}

const SUPPLIES = '/sys/class/power_supply';
const ASK_MS = 2_000;

/** undefined: the system does not tell, or knows no battery. */
export async function isOnBattery(readers: PowerReaders): Promise<boolean | undefined> {
  try {
    if (readers.platform === 'linux') return await linux(readers);
    if (readers.platform === 'darwin') return await mac(readers);
  } catch {
    // Not told: as on a machine without a battery.
  }
  return undefined;
}

/** A supply that is plugged in settles it; else a battery that gives. A battery of a mouse or a pen is none (`scope`: Device). */
async function linux({ readdir = systemReaddir, readFile = readText }: PowerReaders): Promise<boolean | undefined> {
  const read = (name: string, field: string) =>
    readFile(`${SUPPLIES}/${name}/${field}`).then(
      (text) => text.trim(),
      () => '',
    );
  const supplies = await Promise.all(
    (await readdir(SUPPLIES)).map(async (name) => ({
      type: await read(name, 'type'),
      scope: await read(name, 'scope'),
      online: await read(name, 'online'),
      status: await read(name, 'status'),
    })),
  );
  if (supplies.some(({ type, online }) => type !== 'Battery' && online === '1')) return false;
  const batteries = supplies.filter(({ type, scope }) => type === 'Battery' && scope !== 'Device');
  return batteries.length === 0 ? undefined : batteries.some(({ status }) => status === 'Discharging');
}

async function mac({ commands }: PowerReaders): Promise<boolean | undefined> {
  const told = await commands.run({ argv: ['/usr/bin/pmset', '-g', 'batt'], timeoutMs: ASK_MS, ends: 'tree' });
  if (told.kind !== 'exited' || told.exitCode !== 0) return undefined;
  const source = /Now drawing from '([^']+)'/.exec(told.output)?.[1];
  return source === undefined ? undefined : source === 'Battery Power';
}

function readText(path: string): Promise<string> {
  return systemReadFile(path, 'utf8');
}
