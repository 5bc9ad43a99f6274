// Shows a running engine: on a terminal one picture that is kept current, elsewhere one line for each change of a service.

import type { Problem, ServiceView, Snapshot } from '../contract/snapshot.ts';
import type { Engine } from '../engine/engine.ts';
import { jsonLine, line, shown } from './io.ts';
import type { Call } from './program.ts';
import { statusLines } from './report.ts';

const REDRAW_MS = 1_000;

/** A picture redrawn in place, at changes and once a second so that times stay true. Returns how to stop. */
export async function showLive(call: Call, engine: Engine): Promise<() => void> {
  const { createLogUpdate } = await import('log-update');
  const screen = createLogUpdate(process.stdout, { showCursor: true });
  const draw = (): void => {
    const lines = ['', ...statusLines(engine.snapshot(), call.io, Date.now()), '', 'Ctrl-C stops the engine. What it started runs on.'];
    screen(
      lines
        .slice(0, Math.max(4, (process.stdout.rows ?? 40) - 1))
        .map((text) => shown(call.io, text))
        .join('\n'),
    );
  };
  draw();
  const unsubscribe = engine.subscribe(draw);
  const timer = setInterval(draw, REDRAW_MS);
  return () => {
    unsubscribe();
    clearInterval(timer);
    draw();
    screen.done();
  };
}

/** One line for each service whose state has changed, and for each trouble of the engine itself that comes or goes: for logs and programs. */
export function showLines(call: Call, engine: Engine): () => void {
  const told = new Map<string, string>();
  let standing = new Map<string, Problem>();
  function tellProblems({ at, problems }: Snapshot): void {
    const before = standing;
    standing = new Map(problems.map((problem) => [problem.code, problem]));
    const say = (event: 'problem' | 'problem-over', problem: Problem): void => {
      if (call.isJson) jsonLine(call.io, { event, at, problem });
      else line(call.io, `${at}  ${event === 'problem' ? 'problem' : 'over   '} ${problem.code}: ${problem.message.split('\n')[0]}`);
    };
    for (const problem of problems) if (before.get(problem.code)?.message !== problem.message) say('problem', problem);
    for (const problem of before.values()) if (!standing.has(problem.code)) say('problem-over', problem);
  }
  function tell(snapshot: Snapshot): void {
    tellProblems(snapshot);
    for (const view of snapshot.services) {
      if (view.reason === 'not-yet-checked') continue;
      const now = `${view.status} ${view.phase} ${view.alerting}`;
      if (told.get(view.id) === now) continue;
      told.set(view.id, now);
      if (call.isJson) jsonLine(call.io, { event: 'changed', at: snapshot.at, overall: snapshot.overall, service: view });
      else line(call.io, changeLine(snapshot.at, view));
    }
  }
  tell(engine.snapshot());
  return engine.subscribe(tell, { newsOnly: true });
}

function changeLine(at: string, view: ServiceView): string {
  const phase = view.phase === 'healthy' ? '' : ` [${view.phase}]`;
  return `${at}  ${view.status.padEnd(7)} ${view.id}${phase}: ${view.message}`;
}
