// Two agents and one queue: whoever claims first has it, nobody else gets it, and no write is lost.
import { readdirSync } from 'node:fs';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { QUICK, readHome, untilService, writeConfig } from './helpers/home.ts';
import { freePort, newPlace, type Place } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const RACERS = 20;

async function race(place: Place, id: string) {
  const names = Array.from({ length: RACERS }, (_, index) => `agent-${index}`);
  const ran = await Promise.all(
    names.map(async (by) => {
      const { code, err } = await run(place, ['alerts', 'claim', id, '--by', by, '--json']);
      return { by, code, err };
    }),
  );
  return { winners: ran.filter(({ code }) => code === 0), losers: ran.filter(({ code }) => code !== 0) };
}
const queueOf = (place: Place) => JSON.parse(readHome(place, 'alert-pending.json')).alerts as Record<string, unknown>[];

it('twenty agents want the same alert: exactly one gets it, finishes it, and the others are told who', async ({ expect }) => {
  const place = newPlace();
  const web = await newWeb(place);
  const port = await freePort();
  const config = {
    ...QUICK,
    services: [web.service({ recovery: [], afterFailures: 1 }), { id: 'dead', afterFailures: 1, check: { type: 'tcp' as const, port } }],
  };
  writeConfig(place, config);
  const engine = await startEngine(place);
  await until('both alerts wait', () => queueOf(place).length === 2);
  const idOf = (service: string) => String(queueOf(place).find((alert) => alert['service'] === service)?.['id']);

  const { winners, losers } = await race(place, idOf('dead'));
  expect(winners).toHaveLength(1);
  const winner = winners[0]?.by as string;
  for (const loser of losers) {
    expect(loser.code).toBe(2);
    expect(JSON.parse(loser.err).error).toMatchObject({ code: 'conflict' });
    expect(loser.err).toContain(winner);
  }
  expect(queueOf(place).find((alert) => alert['service'] === 'dead')).toMatchObject({ state: 'claimed', claimedBy: winner });

  // Not theirs: neither finished nor given back by somebody else.
  for (const action of ['done', 'release'])
    expect((await run(place, ['alerts', action, idOf('dead'), '--by', 'somebody-else'])).code).toBe(2);
  expect((await run(place, ['alerts', 'release', idOf('dead'), '--by', winner])).code).toBe(0);
  expect(queueOf(place).find((alert) => alert['service'] === 'dead')).toMatchObject({ state: 'pending', claimedBy: null });
  const oldest = await run(place, ['alerts', 'claim', '--by', 'second', '--json']);
  expect(oldest.code).toBe(0);
  expect((await run(place, ['alerts', 'done', oldest.json.id, '--by', 'second', '--result', 'Looked into it.'])).code).toBe(0);
  expect(queueOf(place).find((alert) => alert['id'] === oldest.json.id)).toMatchObject({ state: 'done', result: 'Looked into it.' });

  // What recovers while it is claimed stays its claimer's.
  if (oldest.json.service !== 'web') expect((await run(place, ['alerts', 'claim', idOf('web'), '--by', 'third'])).code).toBe(0);
  await web.startByHand();
  await untilService(place, 'web', 'well again', (view) => view.phase === 'healthy' && !view.alerting);
  if (oldest.json.service !== 'web') {
    await until('its kind turns', () => queueOf(place).find((alert) => alert['service'] === 'web')?.['kind'] === 'recovered');
    expect(queueOf(place).find((alert) => alert['service'] === 'web')).toMatchObject({ state: 'claimed', claimedBy: 'third' });
    expect((await run(place, ['alerts', 'done', idOf('web'), '--by', 'third'])).code).toBe(0);
  }
  // Asked in a loop, nothing to do is the usual answer; a name that is none is a mistake.
  for (
    let next = await run(place, ['alerts', 'claim', '--json']);
    next.json !== null;
    next = await run(place, ['alerts', 'claim', '--json'])
  )
    expect(next.code).toBe(0);
  expect(await run(place, ['alerts', 'claim', '--json'])).toMatchObject({ code: 0, err: '' });
  expect((await run(place, ['alerts', 'claim', 'no-such-alert'])).code).toBe(64);
  await engine.end('SIGTERM');
});

it('the same race on the files alone, without an engine', async ({ expect }) => {
  const place = newPlace();
  const port = await freePort();
  writeConfig(place, { ...QUICK, services: [{ id: 'dead', afterFailures: 1, check: { type: 'tcp', port } }] });
  expect((await run(place, ['check', '--once'])).code).toBe(2);
  const id = String(queueOf(place)[0]?.['id']);
  const { winners, losers } = await race(place, id);
  expect(winners).toHaveLength(1);
  for (const loser of losers) expect(JSON.parse(loser.err).error.code).toMatch(/^(conflict|home-owned)$/);
  expect(queueOf(place)).toMatchObject([{ state: 'claimed', claimedBy: winners[0]?.by }]);
  expect(readdirSync(place.home).filter((name) => name.includes('corrupt') || name.endsWith('.tmp'))).toEqual([]);
  expect(await run(place, ['alerts', 'claim'])).toMatchObject({ code: 0, out: 'Nothing is waiting.\n', err: '' });
  const long = await run(place, ['alerts', 'done', id, '--by', 'x'.repeat(500)]);
  expect(long.code, 'the same limits as over the socket').toBe(64);
});
