import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { follow, soon } from '../../test/fixtures/api-engine.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { createEventHub } from './events.ts';

/** Stands in for the engine: changes when told to, and counts how often its snapshot is turned into text. */
function fakeEngine(filler = '') {
  const listeners = new Set<(snapshot: Snapshot) => void>();
  const counts = { texts: 0 };
  let rev = 1;
  const snapshot = (): Snapshot =>
    ({
      rev,
      sentence: filler,
      engine: { startedAt: '2026-01-31T08:00:00.000Z' },
      toJSON(this: { rev: number }) {
        counts.texts += 1;
        return { rev: this.rev, sentence: filler };
      },
    }) as unknown as Snapshot;
  return {
    counts,
    listeners,
    snapshot,
    subscribe(listener: (snapshot: Snapshot) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change() {
      rev += 1;
      const now = snapshot();
      for (const listener of listeners) listener(now);
    },
  };
}

const closing: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function serve(engine: ReturnType<typeof fakeEngine>, options: Parameters<typeof createEventHub>[1] = {}) {
  const hub = createEventHub(engine, options);
  const server = http.createServer((request, response) => hub.connect(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { hub, at: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } };
}
const revs = (stream: Awaited<ReturnType<typeof follow>>): number[] => stream.snapshots().map(({ data }) => data.rev);

it('200 clients: everyone hears every change once and in order, and each change is turned into text once', async () => {
  const engine = fakeEngine();
  const { hub, at } = await serve(engine);
  const streams = await Promise.all(Array.from({ length: 200 }, () => follow(at)));
  await soon(() => expect(streams.every((stream) => revs(stream).length === 1)).toBe(true));
  expect(hub.count()).toBe(200);
  const before = engine.counts.texts;
  for (let count = 0; count < 5; count += 1) engine.change();
  await soon(() => expect(streams.every((stream) => revs(stream).length === 6)).toBe(true));
  for (const stream of streams) expect(revs(stream)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(engine.counts.texts - before).toBe(5);
  expect(engine.listeners.size).toBe(1);

  for (const stream of streams) stream.end();
  await soon(() => expect(hub.count()).toBe(0));
  expect(engine.listeners.size).toBe(0); // nobody looks, so nothing is made
});

it('ids name the revision and the start of the engine; who has seen the newest is not sent it again', async () => {
  const engine = fakeEngine();
  const { at } = await serve(engine);
  const first = await follow(at);
  await soon(() => expect(first.snapshots()).toHaveLength(1));
  expect(first.snapshots()[0]?.id).toBe('1@2026-01-31T08:00:00.000Z');
  const same = await follow(at, { 'last-event-id': '1@2026-01-31T08:00:00.000Z' });
  const restarted = await follow(at, { 'last-event-id': '1@2026-01-30T08:00:00.000Z' });
  const older = await follow(at, { 'last-event-id': '0@2026-01-31T08:00:00.000Z' });
  await soon(() => expect([...revs(restarted), ...revs(older)]).toEqual([1, 1]));
  expect(revs(same)).toEqual([]);
  engine.change();
  await soon(() => expect([revs(same), revs(restarted), revs(older)]).toEqual([[2], [1, 2], [1, 2]]));
  for (const stream of [first, same, restarted, older]) stream.end();
});

it('a client that does not read gets only the newest when it reads again, and holds nobody up', async () => {
  const engine = fakeEngine('x'.repeat(500_000));
  const { at } = await serve(engine);
  const slow = await follow(at);
  const quick = await follow(at);
  await soon(() => expect(revs(slow)).toEqual([1]));
  slow.response.pause();
  for (let rev = 2; rev <= 60; rev += 1) {
    engine.change();
    await soon(() => expect(revs(quick).at(-1)).toBe(rev));
  }
  slow.response.resume();
  await soon(() => expect(revs(slow).at(-1)).toBe(60));
  expect(revs(quick)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
  expect(revs(slow).length).toBeLessThan(55); // buffers of the system hold some
  slow.end();
  quick.end();
});

it('says at times that it is still there, and gives up who never reads', async () => {
  const engine = fakeEngine('x'.repeat(5_000_000));
  let now = 0;
  const { hub, at } = await serve(engine, { beatMs: 20, stuckMs: 1_000, nowMs: () => now });
  const alive = await follow(at);
  await soon(() => expect(alive.comments()).toBeGreaterThan(1));
  expect(alive.events.some(({ event }) => event === 'beat')).toBe(true);
  const stuck = net.connect(at.port, at.host, () => stuck.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  stuck.pause();
  stuck.on('error', () => undefined);
  closing.push(() => {
    stuck.destroy();
    return undefined;
  });
  await soon(() => expect(hub.count()).toBe(2));
  engine.change(); // more than any buffer holds
  await soon(() => expect(revs(alive)).toEqual([1, 2]));
  now = 2_000;
  await soon(() => expect(hub.count()).toBe(1));
  expect(alive.isEnded()).toBe(false);
  alive.end();
});

it('ends every stream when the engine ends', async () => {
  const engine = fakeEngine();
  const { hub, at } = await serve(engine);
  const streams = await Promise.all([follow(at), follow(at)]);
  hub.close();
  await soon(() => expect(streams.every((stream) => stream.isEnded())).toBe(true));
  expect(engine.listeners.size).toBe(0);
});
