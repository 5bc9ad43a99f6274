// What the self-test needs of the rooms, without an engine: configuration, state files, notices, one look at a service. Reads only.
import { stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ServiceConfig } from '../contract/config.ts';
import type { Status } from '../contract/flow.ts';
import { HOME_FILES } from '../contract/home.ts';
import { agesOf } from './ages.ts';
import { newHealth } from './decide/advance-health.ts';
import { newRecovery } from './decide/advance-recovery.ts';
import { judge } from './decide/judge.ts';
import { loadConfig } from './keep/config-file.ts';
import { parseAlertFile, parseHealthFile, parseRecoveryFile } from './keep/state-schema.ts';
import { look } from './probe/index.ts';
import { machinePorts } from './setup.ts';
import { findDesktopHelper } from './tell/desktop-helper.ts';

const PARSERS: Record<string, (value: unknown) => unknown> = {
  [HOME_FILES.healthState]: parseHealthFile,
  [HOME_FILES.recoveryState]: parseRecoveryFile,
  [HOME_FILES.alertState]: parseAlertFile,
};

/** Answers for `doctor`. One look at a service is judged as a first one would be: no state is read or written. */
export async function selfTest(home: string) {
  const { clock, processes, commands, timers } = await machinePorts();
  return {
    clock,
    processes,
    signal: new AbortController().signal,
    loadConfig: () => loadConfig(home),
    parseState: (file: string, value: unknown): unknown => PARSERS[file]?.(value),
    findHelper: () => findDesktopHelper({ platform: process.platform }),
    /** The database as another reader sees it: its size and what `quick_check` says; undefined when there is none yet. */
    async historyState(): Promise<{ bytes: number; check: string } | undefined> {
      const file = path.join(home, HOME_FILES.history);
      const found = await stat(file).catch(() => undefined);
      if (!found) return undefined;
      const { DatabaseSync } = await import('node:sqlite');
      const db = new DatabaseSync(file, { readOnly: true });
      try {
        return { bytes: found.size, check: String(Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]) };
      } finally {
        db.close();
      }
    },
    async trial(service: ServiceConfig): Promise<{ status: Status; message: string }> {
      const reading = await look(service.check, {
        clock,
        ages: agesOf(clock, []),
        timers,
        processes,
        commands,
        signal: new AbortController().signal,
        platform: process.platform,
        userHome: os.homedir(),
        memory: new Map(),
      });
      const health = newHealth(clock.now());
      return judge({ reading, service, health, recovery: newRecovery(), suppressedBy: [], isHeld: false }).verdict;
    },
  };
}
