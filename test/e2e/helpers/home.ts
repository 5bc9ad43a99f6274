// Reads and writes a test's home, and asks its engine.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createClient } from '../../../src/api/client.ts';
import type { ConfigInput } from '../../../src/contract/config.ts';
import type { ServiceView, Snapshot } from '../../../src/contract/snapshot.ts';
import { socketOf } from '../../../src/engine/address.ts';
import type { Place } from './place.ts';
import { until } from './wait.ts';

type Line = Record<string, unknown>;

/** Short intervals, and nobody but the queue is told. */
export const QUICK = {
  interval: '1s',
  retryInterval: '1s',
  alerts: { channels: ['queue'] },
  recovery: { cooldown: '1s', window: '30s' },
} as const satisfies Omit<ConfigInput, 'services'>;

/** A service that is well on every machine, and needs nothing. */
export const WELL_DISK = { id: 'disk', name: 'Disk', check: { type: 'disk', path: '~', minFree: '1%' } } as const;

export function writeConfig(place: Place, config: ConfigInput | string): void {
  mkdirSync(place.home, { recursive: true, mode: 0o700 });
  const temp = path.join(place.home, 'config.edited');
  writeFileSync(temp, typeof config === 'string' ? config : JSON.stringify(config, null, 2), { mode: 0o600 });
  renameSync(temp, path.join(place.home, 'config.json'));
}

export const inHome = (place: Place, name: string): string => path.join(place.home, name);
export const readHome = (place: Place, name: string): string => readFileSync(inHome(place, name), 'utf8');

/** Lines of one of the audit logs; none where there is no file yet. */
export function logLines(place: Place, name: 'health' | 'recovery' | 'alerts', event?: string): Line[] {
  let text: string;
  try {
    text = readHome(place, `${name}.log`);
  } catch {
    return [];
  }
  const lines = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  return event === undefined ? lines : lines.filter((line) => line['event'] === event);
}

export async function client(place: Place): Promise<ReturnType<typeof createClient>> {
  return createClient(await socketOf(place.home));
}
export async function status(place: Place): Promise<Snapshot> {
  return (await client(place)).ask('status', {});
}

/** The service, as soon as it is as wanted. */
export async function untilService(
  place: Place,
  id: string,
  what: string,
  fits: (view: ServiceView) => boolean,
  patienceMs?: number,
): Promise<ServiceView> {
  let last: ServiceView | undefined;
  try {
    return await until(
      what,
      async () => {
        last = (await status(place)).services.find((view) => view.id === id);
        return last && fits(last) ? last : undefined;
      },
      patienceMs,
    );
  } catch (error) {
    throw new Error(`${id}: ${what}. Last seen: ${JSON.stringify(last)}`, { cause: error });
  }
}
