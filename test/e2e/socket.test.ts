// The control socket of a real engine, asked by somebody who does not keep the rules.

import { statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { RunningEngine } from './helpers/command.ts';
import { goneWithinMs, run, startEngine } from './helpers/command.ts';
import { inHome, QUICK, readHome, status, untilService, writeConfig } from './helpers/home.ts';
import { newPlace, type Place } from './helpers/place.ts';
import { until } from './helpers/wait.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the engine answers is what the test looks at
  readonly body: any;
}

function ask(
  place: Place,
  method: string,
  target: string,
  body?: string | Buffer,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath: inHome(place, 'engine.sock'), method, path: target, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body: text && JSON.parse(text) }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function opened(): Promise<{ place: Place; engine: RunningEngine; go: string }> {
  const place = newPlace();
  const go = path.join(place.work, 'go');
  writeConfig(place, {
    ...QUICK,
    services: [
      { id: 'memory', check: { type: 'memory', maxUsed: '99%' } },
      {
        id: 'slow',
        check: { type: 'command', run: ['/bin/sh', '-c', `test -e ${go} || exit 2`] },
        interval: '10m',
        retryInterval: '10m',
        recovery: [
          { type: 'command', run: ['/bin/sh', '-c', `while [ ! -e ${go} ]; do sleep 0.05; done`], timeout: '60s', startWindow: '10s' },
        ],
      },
    ],
  });
  const engine = await startEngine(place);
  await untilService(place, 'memory', 'looked at', (view) => view.status === 'ok');
  return { place, engine, go };
}

it('answers every misuse with a problem document, and stays well', async () => {
  const { place, engine } = await opened();
  expect(statSync(inHome(place, 'engine.sock')).mode & 0o777).toBe(0o600);
  const json = { 'content-type': 'application/json' };
  const wrong: [number, string, string, (string | Buffer)?][] = [
    [404, 'GET', '/api/v1/nothing'],
    [404, 'GET', '/'],
    [404, 'GET', '/api/v1/services/nobody'],
    [404, 'GET', '/api/v1/services/%00'],
    [404, 'POST', `/api/v1/services/${'x'.repeat(5_000)}/heal`],
    [404, 'POST', '/api/v1/services/..%2F..%2Fetc/heal', '{}'],
    [404, 'POST', '/api/v1/services/__proto__/pause', '{}'],
    [404, 'POST', '/api/v1/alerts/constructor/claim', '{}'],
    [400, 'GET', '/api/v1/services/%E0%A4%A'],
    [400, 'GET', '//'],
    [400, 'GET', 'http://example.invalid/api/v1/status'],
    [405, 'DELETE', '/api/v1/status'],
    [405, 'POST', '/api/v1/status', '{}'],
    [405, 'GET', '/api/v1/services/memory/pause'],
    [400, 'POST', '/api/v1/services/memory/pause', '{"forMs":'],
    [400, 'POST', '/api/v1/services/memory/pause', '[1]'],
    [400, 'POST', '/api/v1/services/memory/pause', 'null'],
    [400, 'POST', '/api/v1/services/memory/pause', '{"forMs":-5}'],
    [400, 'POST', '/api/v1/services/memory/pause', '{"forMs":"1h"}'],
    [400, 'POST', '/api/v1/services/memory/pause', '{"forMs":1e300}'],
    [400, 'POST', '/api/v1/services/memory/pause', '{"fro":1000}'],
    [400, 'POST', '/api/v1/services/memory/pause', '{"__proto__":{"forMs":1000}}'],
    [400, 'POST', '/api/v1/services/memory/pause', Buffer.from([0xff, 0xfe, 0x00])],
    [400, 'GET', '/api/v1/trail?from=yesterday'],
    [400, 'GET', '/api/v1/trail?form=2026-01-01T00:00:00Z'],
    [409, 'POST', '/api/v1/services/memory/heal', '{}'],
    [409, 'POST', '/api/v1/services/memory/ack', '{}'],
  ];
  for (const [code, method, target, body] of wrong) {
    const answer = await ask(place, method, target, body, body === undefined ? {} : json);
    const what = `${method} ${target.slice(0, 60)} ${String(body ?? '')}`;
    expect(answer.status, `${what} ${JSON.stringify(answer.body)}`).toBe(code);
    expect(answer.type, what).toBe('application/problem+json');
    expect(answer.body, what).toMatchObject({
      status: code,
      type: expect.stringMatching(/^urn:jarvis-health:/),
      detail: expect.any(String),
    });
  }
  expect((await ask(place, 'GET', '/healthz')).body).toEqual({ ok: true });
  expect((await ask(place, 'GET', '/api/v1/status')).status).toBe(200);
  expect((await ask(place, 'POST', '/api/v1/services/memory/pause')).status, 'no body is an empty one').toBe(200);
  await ask(place, 'POST', '/api/v1/services/memory/resume');
  await engine.end('SIGTERM');
});

it('times that no calendar reaches are refused, and break nothing', async () => {
  const { place, engine } = await opened();
  const good = readHome(place, 'config.json');
  writeConfig(place, good.replace('"10m"', '"99999999999d"'));
  await until('the edit is refused', async () =>
    (await status(place)).problems.some((problem) => problem.message.includes('at most 36500d')),
  );
  for (const words of [
    ['pause', 'memory', '--for', '99999999999d'],
    ['history', '--since', '99999999999d'],
    ['incidents', '--since', `${'9'.repeat(400)}d`],
  ])
    expect((await run(place, words)).code, words.join(' ')).toBe(64);
  writeConfig(place, good);
  const answer = await ask(place, 'POST', '/api/v1/services/memory/pause', JSON.stringify({ forMs: Number.MAX_SAFE_INTEGER }));
  expect(answer.status).toBe(400);
  expect((await ask(place, 'GET', '/api/v1/status')).status).toBe(200);
  await engine.end('SIGTERM');
  const next = await startEngine(place);
  expect((await ask(place, 'GET', '/api/v1/status')).status).toBe(200);
  await next.end('SIGTERM');
});

it('a body that is too large, a client that is slow and one that goes away hold up nobody', async () => {
  const { place, engine } = await opened();
  const large = await ask(place, 'POST', '/api/v1/services/memory/pause', `{"x":"${'y'.repeat(6_000_000)}"}`).catch((error) => error);
  // Told, or cut off while it was still sending: both end it.
  expect([413, 'EPIPE', 'ECONNRESET']).toContain(large.status ?? large.code);

  const slow = net.connect(inHome(place, 'engine.sock'));
  slow.on('error', () => undefined);
  slow.write('POST /api/v1/services/memory/pause HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
  const gone = net.connect(inHome(place, 'engine.sock'));
  gone.on('error', () => undefined);
  gone.write('GET /api/v1/trail HTTP/1.1\r\nHost: x\r\n\r\n');
  gone.destroy();
  const noise = net.connect(inHome(place, 'engine.sock'));
  noise.on('error', () => undefined);
  noise.write(Buffer.from('\u0000\u0001garbage that is no HTTP\r\n\r\n'));
  expect((await ask(place, 'GET', '/api/v1/status')).status).toBe(200);
  const { code, tookMs } = await engine.end('SIGTERM');
  expect(code).toBe(0);
  expect(tookMs, 'the slow one does not hold up the end either').toBeLessThan(goneWithinMs());
});

it('200 requests at once: all are answered, and so is the next', async () => {
  const { place, engine } = await opened();
  const targets = ['/api/v1/status', '/api/v1/services/memory', '/api/v1/alerts', '/api/v1/trail', '/api/v1/services/nobody'];
  const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(place, 'GET', targets[index % 5] as string)));
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 200 }, (_, index) => (index % 5 === 4 ? 404 : 200)));
  const checks = await Promise.all(Array.from({ length: 40 }, () => ask(place, 'POST', '/api/v1/services/memory/check')));
  for (const check of checks) expect(check).toMatchObject({ status: 200, body: { id: 'memory', status: 'ok' } });
  expect((await ask(place, 'GET', '/api/v1/status')).body.services).toHaveLength(2);
  await engine.end('SIGTERM');
});

it('a heal that runs answers 202 with its attempt at once, and the same one to everybody', async () => {
  const { place, engine, go } = await opened();
  await until('the automatic one runs', async () => (await status(place)).services.some((view) => view.phase === 'recovering'));
  const first = await ask(place, 'POST', '/api/v1/services/slow/heal');
  const second = await ask(place, 'POST', '/api/v1/services/slow/heal', '{"wait":false}');
  expect(first).toMatchObject({ status: 202, type: 'application/json', body: { service: 'slow', outcome: null } });
  expect(second.body.attempt).toBe(first.body.attempt);
  const waiting = ask(place, 'POST', '/api/v1/services/slow/heal', '{"wait":true}');
  writeFileSync(go, '');
  expect(await waiting).toMatchObject({ status: 200, body: { attempt: first.body.attempt, outcome: 'succeeded' } });
  await engine.end('SIGTERM');
});
