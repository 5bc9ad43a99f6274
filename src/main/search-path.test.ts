// The PATH of the user's terminal, from a shell that behaves and from shells that do not.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { CommandPort } from '../contract/ports.ts';
import { machinePorts } from '../engine/setup.ts';
import { joined, knownPath, shellPath } from './search-path.ts';

function userHome(): string {
  const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'jarvis-path-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
/** A shell by this name whose rc file says and does `rc`, and which then runs what it is given. */
function shell(home: string, rc: string): string {
  const file = path.join(home, 'zsh');
  writeFileSync(file, `#!/bin/sh\n${rc}\n[ "$1" = -c ] || shift\neval "$1"\n`);
  chmodSync(file, 0o755);
  return file;
}
const { commands } = await machinePorts();

test('known folders that exist follow what is there, each once', async () => {
  const home = userHome();
  for (const name of ['.local/bin', '.nvm/versions/node/v9.1.0/bin', '.nvm/versions/node/v22.4.0/bin'])
    mkdirSync(path.join(home, name), { recursive: true });
  const found = (await knownPath({ userHome: home, env: { PATH: '/usr/bin:/bin' } })).split(':');
  expect(found.slice(0, 2)).toEqual(['/usr/bin', '/bin']);
  expect(found).toContain(path.join(home, '.local/bin'));
  expect(found.at(-1), 'the newest by number, not by letter').toBe(path.join(home, '.nvm/versions/node/v22.4.0/bin'));
  expect(found).not.toContain(path.join(home, '.bun/bin'));
});

test('the shell tells its PATH, whatever its rc file prints around it', async () => {
  const home = userHome();
  const SHELL = shell(home, 'echo "Last login: today"; export PATH=/opt/tools/bin:/usr/bin:/bin; trap "echo bye" EXIT');
  expect(await shellPath({ commands, userHome: home, env: { SHELL } })).toBe('/opt/tools/bin:/usr/bin:/bin');
});

test('an interactive shell that ends for want of a terminal is asked again without', async () => {
  const home = userHome();
  const SHELL = shell(home, 'case "$1" in *i*) exit 1;; esac; export PATH=/quiet/bin:/usr/bin:/bin');
  expect(await shellPath({ commands, userHome: home, env: { SHELL } })).toBe('/quiet/bin:/usr/bin:/bin');
});

test('no shell of a known kind, or none at all: nothing is run that could be anything', async () => {
  const asked: string[] = [];
  const none: CommandPort = {
    run: async ({ argv }) => {
      asked.push(argv[0] ?? '');
      return { kind: 'not-started', code: 'ENOENT', message: '' };
    },
  };
  expect(await shellPath({ commands: none, userHome: '/', env: { SHELL: '/bin/false' } })).toBeUndefined();
  expect(asked).toEqual(['/bin/zsh', '/bin/zsh']);
});

test('one PATH of several: the first wins, relative folders are dropped', () => {
  expect(joined(['/a:/b', '/b:.:/c', ''])).toBe('/a:/b:/c');
});
