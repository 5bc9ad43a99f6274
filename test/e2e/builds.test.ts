// R10 with real builds: while one works in the folder of a service that is down, nothing is restarted and who builds is shown; when it
// ends, the service is healed. Watchers, dev servers, readers and the engine's own children hold nothing.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { ServiceInput } from '../../src/contract/config.ts';
import type { ServiceView } from '../../src/contract/snapshot.ts';
import { run, startEngine } from './helpers/command.ts';
import { client, logLines, QUICK, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace, type Place, processesWith } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const BIN = fileURLToPath(new URL('../../node_modules/.bin/', import.meta.url));
const HELD = { ...QUICK, recovery: { cooldown: '1s', maxAttempts: 50, window: '50s' } } as const;
const hasGcc = has('gcc');
const hasMake = has('make');

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stdout.write(`  not tried here: ${program} is not installed\n`);
    return false;
  }
}
function git(place: Place, ...args: string[]): void {
  const me = ['-c', 'user.name=t', '-c', 'user.email=t@t.test', '-c', 'init.defaultBranch=main', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...me, ...args], { cwd: place.work, stdio: 'ignore', env: { ...process.env, HOME: place.dir } });
}
function repository(place: Place): void {
  git(place, 'init');
  for (const name of ['one', 'two']) {
    writeFileSync(path.join(place.work, 'file'), name);
    git(place, 'add', 'file');
    git(place, 'commit', '-m', name);
  }
}
/** Runs in the service's folder, as a person would in a terminal: not as a child of the engine. */
function begin(place: Place, argv: readonly [string, ...string[]], input: 'pipe' | 'ignore' = 'ignore'): ChildProcess {
  const env = { ...process.env, HOME: place.dir, PATH: `${BIN}:${process.env['PATH']}`, GIT_EDITOR: 'true', CI: '' };
  const child = spawn(argv[0], argv.slice(1), { cwd: place.work, stdio: [input, 'ignore', 'ignore'], env });
  place.atEnd(() => void child.kill('SIGKILL'));
  return child;
}
/** A script that says that it works, and works until it is told to end. */
function slow(place: Place): string {
  const script = path.join(place.work, 'slow.sh');
  writeFileSync(script, `touch '${place.work}/working'\nuntil [ -e '${place.work}/go' ]; do sleep 0.05; done\n`, { mode: 0o755 });
  return `sh ${script}`;
}
const isWorking = (place: Place) => until('the build is at work', () => existsSync(path.join(place.work, 'working')));
const letGo = (place: Place): void => writeFileSync(path.join(place.work, 'go'), '');
const ended = (child: ChildProcess) => until('the build ends', () => child.exitCode !== null || child.signalCode !== null);

type RemedyInput = NonNullable<ServiceInput['recovery']>[number];

interface Case {
  readonly what: string;
  readonly name: string;
  readonly isPossible?: boolean;
  start(place: Place): Promise<ChildProcess>;
  finish(place: Place, child: ChildProcess): void;
}
const CASES: readonly Case[] = [
  {
    what: 'a real npm install',
    name: 'npm install',
    async start(place) {
      mkdirSync(path.join(place.work, 'dep'));
      writeFileSync(
        path.join(place.work, 'dep', 'package.json'),
        JSON.stringify({ name: 'dep', version: '1.0.0', scripts: { install: slow(place) } }),
      );
      writeFileSync(path.join(place.work, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0' }));
      const child = begin(place, ['npm', 'install', '--offline', '--no-audit', '--no-fund', '--foreground-scripts', './dep']);
      await isWorking(place);
      return child;
    },
    finish: letGo,
  },
  {
    what: 'a real tsc',
    name: 'tsc',
    async start(place) {
      // A source that does not end yet: the compiler waits for the rest of it.
      execFileSync('mkfifo', [path.join(place.work, 'app.ts')]);
      const child = begin(place, ['tsc', '--noEmit', 'app.ts']);
      await until('tsc is at work', () => processesWith('app.ts').some(({ command }) => /\/tsc --noEmit/.test(command)));
      return child;
    },
    finish: (place) => writeFileSync(path.join(place.work, 'app.ts'), 'export const a = 1;\n'),
  },
  {
    what: 'a real git rebase, in the middle',
    name: 'git rebase',
    async start(place) {
      repository(place);
      const me = ['-c', 'user.name=t', '-c', 'user.email=t@t.test'];
      const child = begin(place, ['git', ...me, 'rebase', '--exec', slow(place), '--root'] as [string, ...string[]]);
      await isWorking(place);
      return child;
    },
    finish: letGo,
  },
  {
    what: 'a real git commit whose hook takes its time',
    name: 'git commit',
    async start(place) {
      repository(place);
      writeFileSync(path.join(place.work, '.git', 'hooks', 'pre-commit'), `#!/bin/sh\n${slow(place)}\n`, { mode: 0o755 });
      const child = begin(place, ['git', '-c', 'user.name=t', '-c', 'user.email=t@t.test', 'commit', '--allow-empty', '-m', 'three']);
      await isWorking(place);
      return child;
    },
    finish: letGo,
  },
  {
    what: 'a real C compiler',
    name: 'gcc',
    isPossible: hasGcc,
    async start(place) {
      const child = begin(place, ['gcc', '-c', '-x', 'c', '-', '-o', path.join(place.work, 'app.o')], 'pipe');
      await until('gcc is at work', () => processesWith(`${place.work}/app.o`).length > 0);
      return child;
    },
    finish: (_place, child) => void child.stdin?.end('int main(void) { return 0; }\n'),
  },
  {
    what: 'a real make',
    name: 'make',
    isPossible: hasMake,
    async start(place) {
      writeFileSync(path.join(place.work, 'Makefile'), `all:\n\t${slow(place)}\n`);
      const child = begin(place, ['make', 'all']);
      await isWorking(place);
      return child;
    },
    finish: letGo,
  },
  {
    what: "a real test runner, Node's own",
    name: 'node --test',
    async start(place) {
      const script = slow(place).replace('sh ', '');
      const text = `import { execFileSync } from 'node:child_process';\nimport test from 'node:test';\ntest('a', () => execFileSync('sh', ['${script}']));\n`;
      writeFileSync(path.join(place.work, 'a.test.mjs'), text);
      const child = begin(place, [process.execPath, '--test']);
      await isWorking(place);
      return child;
    },
    finish: letGo,
  },
];

for (const { what, name, isPossible = true, start, finish } of CASES) {
  it.runIf(isPossible)(`${what} holds the restart, is shown, and the service is healed when it has ended`, async () => {
    const place = newPlace();
    const web = await newWeb(place);
    const first = await web.startByHand();
    writeConfig(place, { ...HELD, services: [web.service({ name: 'Web' }, { startWindow: '1s' })] });
    const engine = await startEngine(place);
    await untilService(place, 'web', 'well at first', (view) => view.phase === 'healthy');

    const build = await start(place);
    kill(first, 'SIGKILL');
    const held = await untilService(place, 'web', 'held', (view) => view.phase === 'held');
    expect(held).toMatchObject({
      status: 'error',
      recoveryReason: 'build-running',
      strikeReason: 'held',
      consecutiveFailures: 0,
      alerting: false,
    });
    expect(held.hold).toMatchObject({ build: name, folder: place.work });
    expect(processesWith('').map(({ pid }) => pid)).toContain(held.hold?.pid);
    const seenAt = held.lastCheckAt as string;
    await untilService(
      place,
      'web',
      'looked at again and again',
      (view) => Date.parse(view.lastCheckAt as string) > Date.parse(seenAt) + 2_000,
    );
    expect((await run(place, ['status'])).out).toMatch(new RegExp(`held: ${name} \\(pid ${held.hold?.pid}\\) works in `));
    expect(logLines(place, 'recovery', 'recovery-started')).toEqual([]);
    expect(logLines(place, 'recovery', 'held')).toMatchObject([{ service: 'web', build: name, pid: held.hold?.pid, folder: place.work }]);

    finish(place, build);
    await ended(build);
    await web.up(first);
    await untilService(place, 'web', 'healed', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded');
    expect(logLines(place, 'recovery').map((line) => line['reason'] ?? line['event'])).toEqual(
      expect.arrayContaining(['held', 'build-running', 'build-ended', 'settling', 'first-strike']),
    );
    expect(logLines(place, 'alerts')).toEqual([]);
    await engine.end('SIGTERM');
  });
}

it('dev servers, watchers, npm start, an editor that asks git, and a rebase that only waits for its person hold nothing', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  repository(place);
  const first = await web.startByHand();
  writeFileSync(path.join(place.work, 'index.html'), '<p>hello</p>');
  writeFileSync(path.join(place.work, 'code.ts'), 'export const a = 1;\n');
  const wait = `setInterval(() => {}, 1000); // ${place.work}`;
  writeFileSync(path.join(place.work, 'wait.mjs'), wait);
  writeFileSync(
    path.join(place.work, 'package.json'),
    JSON.stringify({ name: 'app', version: '1.0.0', scripts: { start: `node ${place.work}/wait.mjs` } }),
  );
  // A rebase with a conflict: nothing of it runs.
  git(place, 'checkout', '-b', 'side', 'HEAD~1');
  writeFileSync(path.join(place.work, 'file'), 'other');
  git(place, 'commit', '-am', 'other');
  expect(() => git(place, 'rebase', 'main')).toThrow();
  // `git status` asks this hook what has changed, and waits for it.
  const hook = path.join(place.work, 'monitor.sh');
  writeFileSync(hook, `#!/bin/sh\n${slow(place)}\n`, { mode: 0o755 });

  begin(place, ['vite', '--port', '0', '--config', 'false', '--clearScreen', 'false', place.work]);
  begin(place, ['tsc', '--watch', '--noEmit', path.join(place.work, 'code.ts')]);
  begin(place, [process.execPath, '--watch', path.join(place.work, 'wait.mjs')]);
  begin(place, ['npm', 'start']);
  begin(place, ['git', '-c', `core.fsmonitor=${hook}`, 'status']);
  await isWorking(place);
  await until(
    'all are at work',
    () => processesWith(place.work).filter(({ command }) => /vite|--watch|wait\.mjs/.test(command)).length >= 5,
  );

  writeConfig(place, { ...HELD, services: [web.service({}, { startWindow: '1s' })] });
  const engine = await startEngine(place);
  await untilService(place, 'web', 'well at first', (view) => view.phase === 'healthy');
  kill(first, 'SIGKILL');
  await web.up(first);
  await untilService(place, 'web', 'healed', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded');
  expect(logLines(place, 'recovery', 'held')).toEqual([]);
  await engine.end('SIGTERM');
});

it("the engine's own remedy (git pull) holds nothing in its folder; a person's Restart passes over a hold", async () => {
  const place = newPlace();
  const web = await newWeb(place);
  repository(place);
  // The remedy of another service in the same folder: a git that merges, with a hook that takes its time.
  const remote = path.join(place.dir, 'remote');
  execFileSync('git', ['clone', '--bare', place.work, remote], { stdio: 'ignore' });
  git(place, 'remote', 'add', 'origin', remote);
  git(place, 'reset', '--hard', 'HEAD~1');
  writeFileSync(path.join(place.work, '.git', 'hooks', 'post-merge'), `#!/bin/sh\n${slow(place)}\n`, { mode: 0o755 });
  const first = await web.startByHand();
  const pull: RemedyInput = { type: 'command', run: ['git', 'pull', 'origin', 'main'], cwd: place.work, startWindow: '1s' };
  const puller: ServiceInput = { id: 'puller', check: { type: 'command', run: ['sh', '-c', 'exit 2'] }, recovery: [pull] };
  writeConfig(place, { ...HELD, services: [web.service({}, { startWindow: '1s' }), puller] });
  const engine = await startEngine(place);
  await untilService(place, 'puller', 'the remedy runs', (view) => view.phase === 'recovering');
  await isWorking(place);
  expect(processesWith('git pull origin main')).not.toEqual([]);
  kill(first, 'SIGKILL');
  await web.up(first);
  await untilService(place, 'web', 'healed beside it', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded');
  expect(logLines(place, 'recovery', 'held')).toEqual([]);
  letGo(place);
  await untilService(place, 'puller', 'the remedy is over', (view) => view.phase !== 'recovering');
  writeConfig(place, { ...HELD, services: [web.service({}, { startWindow: '1s' })] });

  for (const file of ['go', 'working']) unlinkSync(path.join(place.work, file));
  writeFileSync(path.join(place.work, 'Makefile'), `all:\n\t${slow(place)}\n`);
  if (!hasMake) return;
  begin(place, ['make']);
  await isWorking(place);
  // Asked only now: on a busy machine a start may outlast its second, and is then made once more.
  const second = await web.up();
  expect(kill(second, 'SIGKILL')).toBe(true);
  const held: ServiceView = await untilService(place, 'web', 'held', (view) => view.phase === 'held');
  expect(held.hold?.build).toBe('make');
  await (await client(place)).ask('heal', { id: 'web' });
  await web.up(second);
  await untilService(place, 'web', 'restarted by a person', (view) => view.phase === 'healthy' && view.lastAttempt?.trigger === 'person');
  letGo(place);
  await engine.end('SIGTERM');
});
