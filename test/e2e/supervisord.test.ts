// supervisord as Debian has it, with its own commands: what its user stopped there stays stopped, what it has given up is started
// through it (R12). Skipped where it is not installed (helpers/peers.ts).
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { logLines, QUICK, readHome, untilService, writeConfig } from './helpers/home.ts';
import { newSupervisord, whyNoSupervisord } from './helpers/peers.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const whyNot = whyNoSupervisord();
const story = whyNot === undefined ? it : it.skip;

story(
  `supervisord is known by its program, asked over its own socket, and its user's stop is kept${whyNot ? ` (${whyNot})` : ''}`,
  async () => {
    const place = newPlace();
    const web = await newWeb(place);
    const { config, ctl } = await newSupervisord(
      place,
      `[program:web]\ncommand=${web.argv.join(' ')}\ndirectory=${place.work}\nstartretries=1\n`,
    );
    const find = { port: web.port, match: web.argv[3] as string };
    writeConfig(place, {
      ...QUICK,
      services: [
        {
          id: 'web',
          check: { type: 'http', url: `http://127.0.0.1:${web.port}/`, timeout: '2s' },
          recovery: [{ type: 'auto', find, startWindow: '20s' }],
        },
      ],
    });
    await startEngine(place);
    const first = await web.up();
    await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
    await until('learned', () => readHome(place, 'recovery-state.json').includes(`"at":"${config}"`));

    ctl('stop', 'web');
    const stopped = await untilService(place, 'web', 'found stopped', (view) => view.phase === 'stopped');
    expect(stopped).toMatchObject({ stoppedBy: 'stopped-in-supervisord' });
    const looks = (): number => logLines(place, 'health', 'check').filter((line) => line['phase'] === 'stopped').length;
    const before = looks();
    await until('several more looks', () => looks() >= before + 3);
    expect(logLines(place, 'recovery', 'recovery-started')).toEqual([]);
    expect(ctl('status', 'web')).toContain('STOPPED');

    // A person starts it here, and supervisord does it.
    expect(await run(place, ['start', 'web'])).toMatchObject({ code: 0 });
    const second = await web.up(first);
    expect(ctl('status', 'web')).toContain(`pid ${second}`);
    await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');

    // A crash is supervisord's own matter, as long as it does something about it (R4).
    kill(second, 'SIGKILL');
    const third = await web.up(second);
    await untilService(place, 'web', 'well', (view) => view.phase === 'healthy' && view.status === 'ok');
    expect(logLines(place, 'recovery', 'recovery-started')).toEqual([]);

    // It has given up: now it is asked to start it.
    writeFileSync(path.join(place.work, 'broken'), '');
    kill(third, 'SIGKILL');
    await until('it is asked', () => logLines(place, 'recovery', 'recovery-started').length > 0, 60_000);
    rmSync(path.join(place.work, 'broken'));
    // It answers sooner than supervisord calls it up; and where its own try was just under way, the engine's restart makes one more.
    await until(
      'it answers again, and supervisord calls it up',
      async () => ctl('status', 'web').includes(`pid ${await web.pid()},`),
      90_000,
    );
    // supervisord ended and started it, not the engine.
    expect(logLines(place, 'recovery', 'process-signalled')).toEqual([]);
    expect(logLines(place, 'recovery', 'process-started')).toEqual([]);
  },
  240_000,
);
