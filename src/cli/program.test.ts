// Arguments in, exit code and text out, in one process and without a home: the table of commands and its misuse.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Io } from './io.ts';
import { runCli } from './program.ts';

function newIo(): { io: Io; out: () => string; err: () => string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'jarvis-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const said = { out: '', err: '' };
  const env = { ...process.env, JARVIS_HEALTH_HOME: path.join(folder, 'home') };
  return {
    io: { out: (text) => (said.out += text), err: (text) => (said.err += text), env, isTerminal: false, hasColour: false },
    out: () => said.out,
    err: () => said.err,
  };
}

it.each([
  { words: [], what: 'Usage: jarvis-health' },
  { words: ['frobnicate'], what: 'There is no command frobnicate.\n  jarvis-health --help shows all commands.' },
  { words: ['statu'], what: 'There is no command statu.\n  Did you mean status?' },
  { words: ['heal'], what: "missing required argument 'service'" },
  { words: ['status', 'web'], what: 'too many arguments' },
  { words: ['--once', 'web'], what: 'There is no command web.' },
  { words: ['check', '--onec'], what: "unknown option '--onec'" },
  { words: ['pause', 'web', '--for', '1 hour'], what: '--for takes a duration from 1s to 36500d, like 30m, 1h or 7d; found 1 hour' },
  { words: ['pause', 'web', '--for', '36501d'], what: 'found 36501d' },
  { words: ['history', '--since', '500ms'], what: '--since takes a duration' },
  { words: ['logs', '--lines', '1.5'], what: '--lines takes a whole number; found 1.5' },
  { words: ['alerts', 'grab'], what: 'alerts takes claim, done or release; found grab.' },
  { words: ['alerts', 'done'], what: 'alerts done takes the id of an alert.' },
  { words: ['init', '--preset', 'friday'], what: 'There is no preset friday.' },
  { words: ['logs', '--lines', '1e3'], what: '--lines takes a whole number; found 1e3' },
  { words: ['stop', ''], what: 'A name is empty.\n  Is a variable of a script not set?' },
  { words: ['status', '--json', '--home', ''], what: '"--home is empty."' },
  { words: ['check', '--home='], what: '--home is empty.' },
  { words: ['--once', '--home='], what: '--home is empty.' },
  { words: ['alerts', 'claim', '--by', ''], what: '--by is empty.' },
  { words: ['status', '--json', '--bogus'], what: `{"error":{"code":"usage","message":"unknown option '--bogus'"` },
  { words: ['--json'], what: '{"error":{"code":"usage","message":"No command was named."' },
  { words: ['heal', '--json'], what: `{"error":{"code":"usage","message":"missing required argument 'service'"` },
  { words: ['status', '--home'], what: "option '--home <dir>' argument missing" },
])('$words is a misuse: exit 64, and what was wrong on stderr', async ({ words, what }) => {
  const { io, out, err } = newIo();
  expect(await runCli(words, io)).toBe(64);
  expect(out()).toBe('');
  expect(err()).toContain(what);
});

it('tells errors to programs as one line of JSON, wherever --json stands', async () => {
  for (const words of [
    ['status', '--json'],
    ['--json', 'status'],
  ]) {
    const { io, err } = newIo();
    expect(await runCli(words, io)).toBe(69);
    expect(JSON.parse(err()).error).toMatchObject({ code: 'no-engine', hint: expect.stringContaining('jarvis-health start') });
  }
});

it('a name, a line of a log or a file with terminal sequences in it moves no terminal, as text or as JSON', async () => {
  const { io, out, err } = newIo();
  const home = io.env['JARVIS_HEALTH_HOME'] as string;
  mkdirSync(home, { mode: 0o700 });
  const evil = '\u001b[2J\u009b31m\u2028';
  writeFileSync(
    path.join(home, 'health.log'),
    `${JSON.stringify({ at: new Date().toISOString(), event: 'check', service: 'web', message: evil })}\n`,
  );
  writeFileSync(path.join(home, 'config.json'), `{ "services": [], "${evil}": 1 }`);
  for (const words of [['logs'], ['history'], ['validate'], [evil], ['check', `--${evil}`], ['heal', 'web', evil], ['check', evil]])
    for (const more of [[], ['--json']]) await runCli([...words, ...more], io);
  expect(out() + err()).not.toMatch(/(?!\n)\p{Cc}|\u2028/u);
  const { io: again, out: lines } = newIo();
  await runCli(['logs', '--json', '--home', home], again);
  expect(JSON.parse(lines()).message).toBe(evil);
});

it('without a configuration: exit 78, and how to get one', async () => {
  for (const words of [['validate'], ['check'], ['check', '--once'], ['heal', 'web']]) {
    const { io, err } = newIo();
    expect(await runCli(words, io), words.join(' ')).toBe(78);
    expect(err()).toMatch(/There is no configuration at .*\n {2}jarvis-health init writes one\./);
  }
});

it('check as a monitoring plugin: what keeps it from looking is unknown (3), and no critical service (2)', async () => {
  const { io, err } = newIo();
  const home = io.env['JARVIS_HEALTH_HOME'] as string;
  writeFileSync(home, 'a file where the home should be');
  expect(await runCli(['heal', 'web', '--json'], io)).toBe(2);
  const before = err().length;
  expect(await runCli(['check', '--json'], io)).toBe(3);
  expect(JSON.parse(err().slice(before)).error, 'told once, as any other error').toMatchObject({ message: expect.stringContaining(home) });
  rmSync(home);
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(path.join(home, 'config.json'), '{ "services": [] }');
  expect(await runCli(['check', 'nobody'], io), 'a wrong name is a wrong call').toBe(64);
  writeFileSync(path.join(home, 'config.json'), '{ "services": 7 }');
  expect(await runCli(['check'], io)).toBe(78);
});

it('a service that nobody knows, of which nothing is recorded, is a wrong name; one that is configured has no past yet', async () => {
  const { io, out, err } = newIo();
  const home = io.env['JARVIS_HEALTH_HOME'] as string;
  expect(await runCli(['history', 'web'], io), 'without a configuration nobody can say').toBe(0);
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(path.join(home, 'config.json'), '{ "services": [{ "id": "web", "check": { "type": "tcp", "port": 1 } }] }');
  for (const command of ['history', 'incidents']) {
    expect(await runCli([command, 'web'], io)).toBe(0);
    expect(await runCli([command, 'wbe'], io)).toBe(64);
  }
  expect(err()).toContain('There is no service wbe, and nothing is recorded of one in this time.\n  Watched are: web.');
  writeFileSync(path.join(home, 'health.log'), `${JSON.stringify({ at: new Date().toISOString(), event: 'check', service: 'gone' })}\n`);
  expect(await runCli(['history', 'gone'], io), 'of a service that was removed there still is').toBe(0);
  expect(out()).toContain('gone');
});

it('a configuration that is none, as a pipe, a folder or a dangling link, ends every command that reads it', async () => {
  const { io, err } = newIo();
  const home = io.env['JARVIS_HEALTH_HOME'] as string;
  const config = path.join(home, 'config.json');
  mkdirSync(home, { mode: 0o700 });
  execFileSync('mkfifo', [config]);
  for (const words of [['validate'], ['replay'], ['check']]) expect(await runCli(words, io), words.join()).toBeGreaterThan(1);
  expect(err()).toBe(`jarvis-health: ${config} is not a file\n`.repeat(3));
  rmSync(config);
  mkdirSync(config);
  for (const words of [['validate'], ['replay'], ['replay', '--config', config]]) expect(await runCli(words, io)).toBe(2);
  rmSync(config, { recursive: true });
  symlinkSync('/no/such/file', config);
  expect(await runCli(['validate'], io)).toBe(78);
  expect(err()).toContain('is a link to /no/such/file, which is not there\n  Put the file there, or remove the link.');
  for (const words of [
    ['validate', '/no/file'],
    ['replay', '--config', '/no/file'],
  ])
    expect(await runCli(words, io)).toBe(78);
  expect(err().split('There is no file /no/file\n')).toHaveLength(3);
});

it('an option means the same before and after its command', async () => {
  const { io, out } = newIo();
  const elsewhere = path.join(os.tmpdir(), 'no-such-home-of-jarvis');
  expect(await runCli(['--home', elsewhere, 'incidents'], io)).toBe(0);
  expect(await runCli(['incidents', '--home', elsewhere], io)).toBe(0);
  expect(out()).toBe('No incidents in this time.\n'.repeat(2));
});

it('shows its version and its help on stdout', async () => {
  const { io, out, err } = newIo();
  expect(await runCli(['--version'], io)).toBe(0);
  expect(await runCli(['help', 'pause'], io)).toBe(0);
  expect(out()).toMatch(/^\d+\.\d+\.\d+\nUsage: jarvis-health pause/);
  expect(err()).toBe('');
});
