// The background service where no service manager is: a process in its own session, its output in engine.log, its pid in
// engine.pid. The pid file is for people and for the moment before the engine owns its home; it is never what is
// signalled without its identity being confirmed (R13).
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HOME_FILES } from '../contract/home.ts';
import type { ProcessRow } from '../contract/ports.ts';
import type { BackgroundDeps, Supervisor } from './background.ts';

type ProcessLike = Pick<ProcessRow, 'pid' | 'startId'>;

export function createDetached(deps: BackgroundDeps): Supervisor {
  const path = join(deps.home, HOME_FILES.enginePid);
  let launched: ProcessLike | undefined;
  let end: () => { exitCode: number | null; signal: string | null } | undefined = () => undefined;

  /** The process of the pid file, if it is still that one. */
  async function started(): Promise<ProcessRow | undefined> {
    const [pid, startId] = await readFile(path, 'utf8').then(
      (text) => text.split('\n'),
      () => [],
    );
    const row = Number(pid) > 1 ? await deps.processes.identify(Number(pid)) : undefined;
    return row && row.startId === startId && !row.isZombie && row.uid === deps.uid ? row : undefined;
  }

  const note = ({ pid, startId }: ProcessLike) => writeFile(path, `${pid}\n${startId}\n`, { mode: 0o600 });

  return {
    kind: 'detached',
    path,
    installed: async () => (await started()) !== undefined,
    async launch() {
      const child = await deps.start({
        argv: deps.command,
        cwd: deps.userHome,
        log: join(deps.home, HOME_FILES.engineLog),
      });
      // The end of an earlier one may be heard of only now: each launch has its own.
      let ended: Awaited<typeof child.ended> | undefined;
      end = () => ended;
      void child.ended.then((how) => {
        ended = how;
      });
      launched = child;
      await note(child);
    },
    async owns(pid) {
      // Of two starts at once the pid file may name the one that lost.
      if (launched?.pid === pid) await note(launched);
      return (await started())?.pid === pid;
    },
    async failure() {
      const how = end();
      if (!how) return undefined;
      if (!(await started())) await rm(path, { force: true }); // of two starts at once the other may have written it
      const text = how.signal === null ? `it ended with exit code ${how.exitCode}` : `it was ended by ${how.signal}`;
      return { exitCode: how.exitCode ?? undefined, text };
    },
    async halt() {
      const row = await started();
      // It may be on its way up and not own the home yet; once it does, its owner's pid is this one.
      if (row) (deps.kill ?? process.kill)(row.pid, 'SIGTERM');
      await rm(path, { force: true });
      return { pid: row?.pid };
    },
  };
}
