// A line for each change of a service, and none for a look that saw the same.
import { expect, it } from 'vitest';
import type { Snapshot } from '../contract/snapshot.ts';
import type { Engine } from '../engine/engine.ts';
import { fitting, showLines } from './live.ts';
import type { Call } from './program.ts';

it('a small terminal shows the head of the picture, by the rows that wrapped lines take', () => {
  const lines = ['', '\u001b[31m✗ 1 of 9 needs you\u001b[39m', '', 'a line of thirty-one letters .....', 'next', 'last'];
  expect(fitting(lines, 80, 24)).toEqual(lines);
  expect(fitting(lines, 20, 6)).toEqual(lines.slice(0, 5));
  expect(fitting(lines, 20, 5)).toEqual(lines.slice(0, 4));
  expect(fitting(lines, 10, 0), 'never less than three rows').toEqual(lines.slice(0, 2));
});

it('tells what has changed, once, and nothing before the first look', () => {
  const lines: string[] = [];
  const io = { out: (text: string) => void lines.push(text), err: () => undefined, env: {}, isTerminal: false, hasColour: false };
  const call: Call = { io, home: '/home', isJson: false, version: '0' };
  const seen = (status: string, phase: string, reason = 'ok', alerting = false, problems: Snapshot['problems'] = []): Snapshot =>
    ({
      at: '2026-03-01T12:00:00.000Z',
      overall: 'ok',
      services: [{ id: 'web', status, phase, reason, alerting, message: 'Refused' }],
      problems,
    }) as unknown as Snapshot;
  let tell: (snapshot: Snapshot) => void = () => undefined;
  let isStopped = false;
  const engine = {
    snapshot: () => seen('unknown', 'healthy', 'not-yet-checked'),
    subscribe: (listener: typeof tell) => {
      tell = listener;
      return () => {
        isStopped = true;
      };
    },
  } as unknown as Engine;
  const stop = showLines(call, engine);
  expect(lines).toEqual([]);
  tell(seen('error', 'failing'));
  tell(seen('error', 'failing'));
  tell(seen('error', 'failing', 'ok', true));
  tell(seen('ok', 'healthy'));
  const problem = { code: 'config-refused', message: 'config.json is refused', since: '2026-03-01T12:00:00.000Z' };
  tell(seen('ok', 'healthy', 'ok', false, [problem]));
  tell(seen('ok', 'healthy', 'ok', false, [problem]));
  tell(seen('ok', 'healthy'));
  expect(lines).toEqual([
    '2026-03-01T12:00:00.000Z  error   web [failing]: Refused\n',
    '2026-03-01T12:00:00.000Z  error   web [failing]: Refused\n',
    '2026-03-01T12:00:00.000Z  ok      web: Refused\n',
    '2026-03-01T12:00:00.000Z  problem config-refused: config.json is refused\n',
    '2026-03-01T12:00:00.000Z  over    config-refused: config.json is refused\n',
  ]);
  stop();
  expect(isStopped).toBe(true);
});
