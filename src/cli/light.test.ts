// Which calls take the short way, and that everything else, above all every mistake, is left to the long one.
import { expect, it } from 'vitest';
import type { Io } from './io.ts';
import { lightCall } from './light.ts';

const io: Io = {
  out: () => undefined,
  err: () => undefined,
  env: { JARVIS_HEALTH_HOME: '/nonexistent/jarvis' },
  isTerminal: false,
  hasColour: false,
};

it.each([
  [[]],
  [['status']],
  [['status', '--json']], // nobody answers: the long way says what that means
  [['status', '--json', '--dry-run']],
  [['status', 'web', '--json']],
  [['check', '--json']],
  [['run', '--port', '70000']],
  [['run', '--help']],
  [['run', '--home']],
  [['--json', 'status']],
])('%j is left to the long way', async (argv) => {
  expect(await lightCall(argv, io)).toBeUndefined();
});
