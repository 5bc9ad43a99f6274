import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { probeContext } from '../../../test/fixtures/probe-context.ts';
import { checkSchema } from '../../contract/config.ts';
import type { ProbeContext, ProcessPort } from '../../contract/ports.ts';
import { look, startsProgram } from './index.ts';

const checkOf = (part: object) => checkSchema.parse(part);
const hanging = () => new Promise<never>(() => {});
const withTable = (table: ProcessPort['table']): ProbeContext => {
  const ctx = probeContext();
  return { ...ctx, processes: { ...ctx.processes, table } };
};

describe('a look', () => {
  it('yields a whole reading with its times', async () => {
    const server = net.createServer((socket) => socket.on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const reading = await look(checkOf({ type: 'tcp', port }), probeContext());
    server.close();
    expect(reading).toMatchObject({ level: 'ok', reason: 'answered', measures: [], processes: [], processAgeMs: undefined });
    expect(reading.endedAt.awakeMs).toBeGreaterThanOrEqual(reading.startedAt.awakeMs);
    expect(reading.latencyMs).toBeCloseTo(reading.endedAt.awakeMs - reading.startedAt.awakeMs, 0);
  });

  it('keeps what a probe measured', async () => {
    const reading = await look(checkOf({ type: 'disk', path: '/' }), probeContext());
    expect(reading.measures).toHaveLength(1);
  });

  it('is a reading, not an error, when a probe throws', async () => {
    const ctx = withTable(() => {
      throw new Error('broken\n    at somewhere');
    });
    const reading = await look(checkOf({ type: 'process', match: 'x' }), ctx);
    expect(reading.level).toBe('unknown');
    expect(reading.message).not.toContain('at somewhere');
    const header = await look(checkOf({ type: 'http', url: 'http://127.0.0.1:9/', headers: { 'a b': 'x' } }), probeContext());
    expect(header).toMatchObject({ level: 'unknown', reason: 'probe-failed' });
  });

  it('ends in time when a probe hangs: we could not look, or the service did not answer', async () => {
    const reading = await look(checkOf({ type: 'process', match: 'x', timeout: '100ms' }), withTable(hanging));
    expect(reading).toMatchObject({ level: 'unknown', reason: 'timed-out', message: 'No result within 100 ms' });
    const ctx = probeContext();
    ctx.memory.set('statfs /dead', hanging());
    await expect(look(checkOf({ type: 'disk', path: '/dead', timeout: '100ms' }), ctx)).resolves.toMatchObject({
      level: 'error',
      reason: 'timed-out',
    });
  });

  it('that never comes to its end is not begun again beside itself', async () => {
    let begun = 0;
    let answer: () => void = () => {};
    const ctx = withTable(() => {
      begun += 1;
      return new Promise((resolve) => {
        answer = () => resolve({ rows: new Map(), protected: new Set() });
      });
    });
    const check = checkOf({ type: 'process', match: 'x', timeout: '100ms' });
    for (let n = 0; n < 3; n += 1) expect((await look(check, ctx)).reason).toBe('timed-out');
    expect(begun).toBe(1);
    answer();
    const next = look(check, ctx);
    await expect.poll(() => begun).toBe(2);
    answer();
    expect(await next).toMatchObject({ level: 'error', reason: 'process-missing' });
  });

  it('ends a command whose port does not', async () => {
    const due: { ms: number; fn: () => void }[] = [];
    let signal: AbortSignal | undefined;
    const ctx = probeContext({
      timers: {
        after: (ms, fn) => {
          due.push({ ms, fn });
          return () => {};
        },
        sleep: hanging,
      },
      commands: {
        run: (spec) => {
          signal = spec.signal;
          return hanging();
        },
      },
    });
    const reading = look(checkOf({ type: 'command', run: ['x'], timeout: '10s' }), ctx);
    expect(due.map(({ ms }) => ms)).toEqual([13_000]);
    due[0]?.fn();
    await expect(reading).resolves.toMatchObject({ level: 'error', reason: 'timed-out' });
    expect(signal?.aborted).toBe(true);
  });

  it.each([
    { type: 'process', match: 'x' },
    { type: 'command', run: ['sleep', '600'] },
    { type: 'http', url: 'http://127.0.0.1:9/' },
    { type: 'tcp', port: 9 },
  ])('of type $type is cut short by the signal', async (part) => {
    const reading = await look(checkOf(part), { ...withTable(hanging), signal: AbortSignal.abort() });
    expect(reading).toMatchObject({ level: 'unknown', reason: 'cut-short' });
  });
});

it('counts only commands against the limit of programs', () => {
  expect(startsProgram(checkOf({ type: 'command', run: ['x'] }))).toBe(true);
  for (const part of [{ type: 'process', launchdLabel: 'x' }, { type: 'memory' }, { type: 'tcp', port: 1 }]) {
    expect(startsProgram(checkOf(part))).toBe(false);
  }
});
