// Shows a running engine: on a terminal one picture that is kept current, elsewhere one line for each change of a service.
import { stripVTControlCharacters } from 'node:util';
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
    const told = lines.map((text) => shown(call.io, text));
    // Nothing is known of a terminal that tells no size, as some do (0 rows).
    screen(fitting(told, process.stdout.columns || 80, (process.stdout.rows || 40) - 1).join('\n'));
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

/** As much as the terminal has room for, from the top, where the whole is summed up. A line that is
 * wider than the terminal takes several rows of it. */
export function fitting(lines: readonly string[], columns: number, rows: number): string[] {
  const fit: string[] = [];
  let left = Math.max(3, rows);
  for (const text of lines.flatMap((line) => line.split('\n'))) {
    left -= Math.max(1, Math.ceil(stripVTControlCharacters(text).length / columns));
    if (left < 0) break;
    fit.push(text);
  }
  return fit;
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
