// The command in rough surroundings: outputs that are full or closed, input that is none. By a shell, as a person's script would.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { BIN } from './helpers/command.ts';
import { newPlace, type Place } from './helpers/place.ts';

/** `script` with $J as the command and $H as the home. */
function shell(place: Place, script: string): { code: number | null; out: string; err: string } {
  const env = { ...process.env, HOME: place.dir, JARVIS_HEALTH_HOME: place.home, NO_COLOR: '', NODE_OPTIONS: '', J: BIN, H: place.home };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { cwd: place.dir, env, encoding: 'utf8', timeout: 60_000 });
  return { code: status, out: stdout, err: stderr };
}

it.runIf(existsSync('/dev/full'))('an answer that could not be written is none: said on stderr, exit 74, whoever asked', () => {
  const place = newPlace();
  for (const words of ['schema', 'incidents', '--help', 'discover --json'])
    expect(shell(place, `"$J" ${words} > /dev/full`), words).toMatchObject({
      code: 74,
      err: expect.stringMatching(/^jarvis-health: what it said could not be written: .*no space left/),
    });
  expect(shell(place, '"$J" status > /dev/full').code, 'a worse end stays').toBe(69);
});

it('a reader that goes away, and channels that are closed, are no fault', () => {
  const place = newPlace();
  for (const script of [
    '{ "$J" schema; echo $? >&2; } | head -n 1',
    '"$J" incidents >&-; echo $? >&2',
    '"$J" incidents <&- 2>&-; echo $? >&2',
  ])
    expect(shell(place, script).err, script).toBe('0\n');
});

it('called in a folder that is gone, a relative home is refused in words', () => {
  const place = newPlace();
  for (const words of ['status --home x', 'run --home x', 'status --json --home x', 'history --home x'])
    expect(shell(place, `mkdir gone; cd gone; rmdir ../gone; "$J" ${words}`), words).toMatchObject({
      code: 64,
      err: expect.stringContaining('The home x is relative, and the folder that this was called in is gone.'),
    });
});

const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;
it.runIf(hasScript)('a terminal that can do nothing, or that wants no colour, gets none of its sequences', () => {
  const place = newPlace();
  // The words of script(1) of util-linux: a command, on a terminal of its own.
  const doctor = (env: string) => shell(place, `${env} script -qec '"$J" doctor' /dev/null`).out;
  expect(doctor('TERM=xterm')).toContain('\u001b[');
  for (const env of ['TERM=dumb', 'TERM=xterm NO_COLOR=1']) expect(doctor(env), env).not.toContain('\u001b');
});

const maySwitch = process.getuid?.() === 0 && spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'true']).status === 0;
it.runIf(maySwitch)("a home of somebody else: that it can't be asked or written is said, not that nobody looks after it", async () => {
  const place = newPlace();
  mkdirSync(place.home, { mode: 0o700 });
  writeFileSync(path.join(place.home, 'config.json'), '{ "services": [] }');
  chmodSync(place.dir, 0o755);
  const nobody = 'setpriv --reuid=65534 --clear-groups "$J"';
  const status = shell(place, `${nobody} status`);
  expect(status).toMatchObject({
    code: 69,
    err: expect.stringMatching(/can't be asked by this user: permission denied.\n {2}Ask as the user/),
  });
  // One's own, closed to writing.
  chownSync(place.home, 65534, 65534);
  chownSync(path.join(place.home, 'config.json'), 65534, 65534);
  chmodSync(place.home, 0o500);
  for (const words of ['check', 'start', 'run']) {
    const { code, err } = shell(place, `${nobody} ${words}`);
    expect([2, 3], words).toContain(code);
    expect(err, words).toMatch(/^jarvis-health: .*permission denied.*\n {2}.*--home\.\n$/);
  }
});
