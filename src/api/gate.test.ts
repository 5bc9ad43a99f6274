import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { createGate } from './gate.ts';

const asking = (headers: Record<string, string>): IncomingMessage => ({ method: 'GET', headers }) as unknown as IncomingMessage;
const apiToken = 'A'.repeat(43);

it('a one-time word lasts five minutes, a session thirty days', () => {
  let now = Date.parse('2026-01-31T08:00:00Z');
  const gate = createGate({ port: 4000, apiToken, nowMs: () => now });
  const early = gate.oneTimeToken();
  const late = gate.oneTimeToken();
  now += 299_999;
  const cookie = gate.signIn(early.token)?.split(';')[0] ?? '';
  now += 1;
  expect(gate.signIn(late.token)).toBeUndefined();
  expect(gate.isSignedIn(asking({ cookie }))).toBe(true);
  now += 30 * 86_400_000 - 2;
  expect(gate.isSignedIn(asking({ cookie }))).toBe(true);
  now += 2;
  expect(gate.isSignedIn(asking({ cookie }))).toBe(false);
});

it('of many words that nobody used the oldest give way', () => {
  const gate = createGate({ port: 4000, apiToken });
  const words = Array.from({ length: 101 }, () => gate.oneTimeToken().token);
  expect(gate.signIn(words[0] ?? '')).toBeUndefined();
  expect(gate.signIn(words[1] ?? '')).toBeDefined();
  expect(gate.signIn(words[100] ?? '')).toBeDefined();
});

it('sessions end with the token of the home, and are good for their own port only', () => {
  const gate = createGate({ port: 4000, apiToken });
  const cookie = gate.signIn(gate.oneTimeToken().token)?.split(';')[0] ?? '';
  expect(createGate({ port: 4000, apiToken }).isSignedIn(asking({ cookie }))).toBe(true);
  expect(createGate({ port: 4000, apiToken: 'B'.repeat(43) }).isSignedIn(asking({ cookie }))).toBe(false);
  const renamed = cookie.replace('4000', '4001');
  expect(createGate({ port: 4001, apiToken }).isSignedIn(asking({ cookie: renamed }))).toBe(false);
});

it('tells callers apart by their session, all scripts by the one token', () => {
  const gate = createGate({ port: 4000, apiToken });
  const cookies = [0, 1].map(() => gate.signIn(gate.oneTimeToken().token)?.split(';')[0] ?? '');
  const ids = cookies.map((cookie) => gate.admit(asking({ cookie })).id);
  expect(new Set(ids).size).toBe(2);
  expect(gate.admit(asking({ authorization: `bearer ${apiToken}` })).id).toBe('token');
});

it('on port 80 browsers leave the port out', () => {
  const gate = createGate({ port: 80, apiToken });
  const request = { ...asking({ origin: 'http://localhost' }), headersDistinct: { host: ['localhost'] } } as unknown as IncomingMessage;
  expect(() => gate.greet(request)).not.toThrow();
});
