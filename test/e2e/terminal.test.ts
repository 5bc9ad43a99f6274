// A process that somebody started by hand in a terminal (a real one, made by script(1)): it is told of, and neither killed nor started,
// as long as that terminal is open (R12).
import { spawn, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { logLines, QUICK, readHome, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasScript) process.stderr.write('Skipped: script(1) of util-linux makes the terminal of this test, and is not here\n');
const story = hasScript ? it : it.skip;

story(
  'what was started in a terminal and has ended there is told, and started by nobody until that terminal is closed',
  async () => {
    const place = newPlace();
    const web = await newWeb(place);
    // The shell stays after the end of what it started, as one that somebody sits at.
    const terminal = spawn('script', ['-qfc', `sh -c '${web.argv.join(' ')}; sleep 600; echo ${place.dir}'`, '/dev/null'], {
      cwd: place.work,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    place.atEnd(() => void terminal.kill('SIGKILL'));
    const first = await web.up();
    writeConfig(place, { ...QUICK, services: [web.service({ afterFailures: 1 })] });
    await startEngine(place);
    await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
    await until('learned', () => readHome(place, 'recovery-state.json').includes('"terminal"'));

    kill(first, 'SIGKILL');
    const told = await untilService(place, 'web', 'told', (view) => view.alerting && view.recoveryReason === 'in-a-terminal');
    expect(told.phase).toBe('failing');
    const before = logLines(place, 'health', 'check').length;
    await until('several more looks', () => logLines(place, 'health', 'check').length >= before + 3);
    expect(logLines(place, 'recovery', 'recovery-started')).toEqual([]);
    expect(logLines(place, 'recovery', 'recovery-skipped').map((line) => line['reason'])).toEqual(['in-a-terminal']);
    expect((await run(place, ['status'])).out).toContain('only you restart it');
    expect(web.starts()).toHaveLength(1);

    // Nobody sits there any more: it is repaired like any other.
    terminal.kill('SIGKILL');
    await web.up(first);
    await untilService(place, 'web', 'well again', (view) => view.phase === 'healthy');
    expect(logLines(place, 'recovery', 'process-started')).toHaveLength(1);
  },
  120_000,
);
