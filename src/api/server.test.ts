// The table of operations over HTTP: what reaches an operation, what comes back, and how errors of every kind are told.
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { HealthError } from '../contract/errors.ts';
import type { Operations } from '../contract/operations.ts';
import { answering, answerShared, type Shared } from './answer.ts';
import { createClient } from './client.ts';

const asked: [string, unknown][] = [];
let answer: (name: string) => unknown = () => ({});
const operations = new Proxy({} as Operations, {
  get: (_, name: string) => async (input: unknown) => {
    asked.push([name, input]);
    return answer(name);
  },
});
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'jarvis-api-'));
  const socket = path.join(folder, 's');
  // Only operations are asked for here: no events, no metrics.
  const shared = { engine: { operations } } as Partial<Shared> as Shared;
  const server = http.createServer(answering((asked) => answerShared(shared, asked)));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  client = createClient(socket);
  return () => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
});

it('brings input to the operation as its schema has it, whatever its id is made of', async () => {
  asked.length = 0;
  await client.ask('trail', { service: 'web & co?', from: '2026-01-01T00:00:00.000Z' });
  await client.ask('pause', { id: '../ä b%2F#', forMs: 2_000 });
  await client.ask('pause', { id: '$&' });
  await client.ask('done', { id: 'web.i-1', by: 'agent', result: 'so\nmany "lines" \u2028' });
  expect(asked).toEqual([
    ['trail', { service: 'web & co?', from: '2026-01-01T00:00:00.000Z' }],
    ['pause', { id: '../ä b%2F#', forMs: 2_000 }],
    ['pause', { id: '$&' }],
    ['done', { id: 'web.i-1', by: 'agent', result: 'so\nmany "lines" \u2028' }],
  ]);
});

it('input that the schema refuses never reaches an operation', async () => {
  asked.length = 0;
  await expect(client.ask('pause', { id: 'web', forMs: 0.5 })).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('forMs'),
  });
  await expect(client.ask('claim', { id: 'web.i', by: '' })).rejects.toMatchObject({ code: 'usage' });
  expect(asked).toEqual([]);
});

it('an error of the engine arrives as the same error, with its hint and its reason', async () => {
  answer = () => {
    throw new HealthError('refused', 'No.', { hint: 'Do that.', details: { reason: 'port-taken', service: 'web' } });
  };
  await expect(client.ask('heal', { id: 'web' })).rejects.toMatchObject({
    code: 'refused',
    message: 'No.',
    hint: 'Do that.',
    details: { reason: 'port-taken', service: 'web' },
  });
});

it('an error that nobody foresaw is internal, and its stack stays inside', async () => {
  answer = () => {
    throw new TypeError('x is not a function');
  };
  const error = await client.ask('status', {}).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'internal', message: 'x is not a function' });
  expect(JSON.stringify((error as HealthError).details)).not.toContain('server.ts');
});

it('nobody there, and somebody who goes away, are told apart from an answer', async () => {
  await expect(createClient('/nonexistent/engine.sock').ask('status', {})).rejects.toMatchObject({
    code: 'no-engine',
    message: 'No engine runs for this home.',
  });
});
