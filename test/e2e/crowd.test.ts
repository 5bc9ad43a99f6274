// A hundred services that fail in the same moment: each is seen, repaired once, and nobody waits for another (R1, R3).
import { existsSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { logLines, QUICK, status, writeConfig } from './helpers/home.ts';
import { newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';

const CROWD = 100;

it('a hundred services fail at once: each is repaired once, the engine answers all the while, and nobody is told', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const asked = path.join(place.work, 'asked');
  mkdirSync(asked);
  const doors = await Promise.all(Array.from({ length: CROWD }, (_, index) => newDoor(index + 1)));
  place.atEnd(() => {
    for (const door of doors) door.close();
  });
  writeConfig(place, {
    ...QUICK,
    services: doors.map(({ id, port }) => ({
      id,
      check: { type: 'tcp', port },
      afterFailures: 3,
      recovery: [{ type: 'command', run: ['/bin/sh', '-c', `echo once >> "${path.join(asked, id)}"`], startWindow: '60s' }],
    })),
  });
  const engine = await startEngine(place);
  const all = async (what: string, holds: (view: Awaited<ReturnType<typeof status>>['services'][number]) => boolean) =>
    until(what, async () => {
      const { services } = await status(place);
      return services.length === CROWD && services.every(holds);
    });
  await all('all are well', (view) => view.status === 'ok');

  for (const door of doors) door.shut();
  await until('the first repairs are asked for', () => doors.some(({ id }) => existsSync(path.join(asked, id))));
  expect((await run(place, ['status', '--json'])).json.services).toHaveLength(CROWD);
  await until('every repair was asked for', () => {
    for (const door of doors) if (existsSync(path.join(asked, door.id))) void door.open();
    return doors.every((door) => door.isOpen());
  });
  await all('all are healed', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded');

  const started = logLines(place, 'recovery', 'recovery-started').map(({ service }) => service);
  expect(started.sort()).toEqual(doors.map(({ id }) => id).sort());
  expect(logLines(place, 'alerts')).toEqual([]);
  expect((await status(place)).problems).toEqual([]);
  expect((await engine.end('SIGTERM')).code).toBe(0);
});

/** A listener that can be shut and opened again, on one port. */
async function newDoor(number: number) {
  let server: net.Server | undefined;
  let port = 0;
  async function open(): Promise<void> {
    if (server) return;
    const opened = net.createServer((socket) => socket.on('error', () => undefined).end());
    server = opened;
    await new Promise<void>((resolve) => opened.listen(port, '127.0.0.1', resolve));
    port = (opened.address() as net.AddressInfo).port;
  }
  const shut = (): void => {
    server?.close();
    server = undefined;
  };
  await open();
  return { id: `door-${String(number).padStart(3, '0')}`, port, open, shut, close: shut, isOpen: () => server?.listening === true };
}
