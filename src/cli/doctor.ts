// `doctor`: the self-test, one line for each component with the way to mend it. Exit 0, 1 or 2 by the worst line.
import os from 'node:os';
import { EXIT } from '../contract/errors.ts';
import { socketNames } from '../engine/address.ts';
import { selfTest } from '../engine/self-test.ts';
import { readOwner } from '../engine/setup.ts';
import { onlyEngine } from './ask.ts';
import type { Background } from './background.ts';
import { backgroundOf } from './background-commands.ts';
import { DASHBOARD } from './dashboard-files.ts';
import { runDoctor } from './doctor-checks.ts';
import type { DoctorLine } from './doctor-line.ts';
import { json, line, paint } from './io.ts';
import type { Call } from './program.ts';

export interface DoctorOptions {
  /** Mend what can be mended safely, then test. */
  readonly isRepairing: boolean;
  /** Without asking for each step. */
  readonly isSure: boolean;
}

export async function doctor(call: Call, { isRepairing, isSure }: DoctorOptions): Promise<number> {
  const background = await backgroundOf(call);
  if (isRepairing) {
    // What it does is for people; programs read the test that follows.
    await repair(call.isJson ? { ...call, io: { ...call.io, out: call.io.err, isTerminal: false } } : call, background, isSure);
  }
  const lines: DoctorLine[] = [];
  const asked = runDoctor({
    home: call.home,
    userHome: os.homedir(),
    uid: process.getuid?.() ?? 0,
    nodeVersion: process.versions.node,
    env: call.io.env,
    dashboard: DASHBOARD,
    ...(await selfTest(call.home)),
    readOwner: () => readOwner(call.home),
    isUp: async () => {
      const ask = await onlyEngine(call.home);
      return ask('status', {}).then(
        () => true,
        () => false,
      );
    },
    engineView: async () => {
      const ask = await onlyEngine(call.home);
      return (await ask('status', {})).engine;
    },
    backgroundState: background.state,
  });
  for await (const found of asked) {
    lines.push(found);
    if (!call.isJson) show(call, found);
  }
  const worst = lines.some(({ ok }) => ok === false) ? 'error' : lines.some(({ ok }) => ok === 'warning') ? 'warning' : 'ok';
  if (call.isJson) json(call.io, { overall: worst, lines });
  else line(call.io, `\n${SUMMARY[worst]}`);
  return EXIT[worst];
}

async function repair(call: Call, background: Background, isSure: boolean): Promise<void> {
  const { findMendings, mend, staleFileOf } = await import('./doctor-repair.ts');
  const { writeSchema } = await import('../engine/setup.ts');
  const { home, io } = call;
  const mendings = await findMendings({
    home,
    uid: process.getuid?.() ?? 0,
    isOwned: async () => (await readOwner(home)) !== undefined,
    sockets: await socketNames(home),
    writeSchema: () => writeSchema(home, call.version),
    stale: await staleFileOf(background).catch(() => undefined),
  });
  await mend(io, mendings, isSure);
  line(io);
}

const SUMMARY = {
  ok: 'All is as it should be.',
  warning: 'Nothing is broken; see the lines with "!".',
  error: 'Something needs mending; see the lines with "✗".',
};

function show({ io }: Call, { component, ok, found, mend }: DoctorLine): void {
  const sign = ok === true ? paint(io, 'green', '✓') : ok === 'warning' ? paint(io, 'yellow', '!') : paint(io, 'red', '✗');
  line(io, `${sign} ${component.padEnd(24)} ${found}`);
  if (mend) line(io, `  ${' '.repeat(24)} ${paint(io, 'gray', `→ ${mend}`)}`);
}
