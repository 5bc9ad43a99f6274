// The web service of the tests: how the engine starts it, how a test starts it by hand, and how it is asked.
import { spawn } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceInput } from '../../../src/contract/config.ts';
import { freePort, type Place } from './place.ts';
import { until } from './wait.ts';

const WEB = fileURLToPath(new URL('../../fixtures/e2e-service/web.mjs', import.meta.url));

export interface Web {
  readonly id: string;
  readonly port: number;
  readonly argv: readonly [string, ...string[]];
  /** The name of the script, which no other process of this machine runs. */
  readonly script: string;
  /** For the configuration: watched over HTTP, restarted by its port and its arguments. */
  service(more?: Partial<ServiceInput>, remedy?: Record<string, unknown>): ServiceInput;
  /** Its pid, or undefined when it does not answer 200. */
  pid(): Promise<number | undefined>;
  /** Waits until it answers; another pid than `not`. */
  up(not?: number): Promise<number>;
  mood(mood: 'hang' | 'break'): Promise<void>;
  /** Pids of all its starts. */
  starts(): number[];
  /** Starts it as a person would, from nowhere near the engine. */
  startByHand(): Promise<number>;
}

export async function newWeb(place: Place, id = 'web'): Promise<Web> {
  const port = await freePort();
  const starts = path.join(place.work, `${id}.starts`);
  // Of its own, called like no other: what another test runs at the same time must not look like a second copy of it (R13).
  const script = path.join(place.work, `${id}-${path.basename(place.dir)}.mjs`);
  copyFileSync(WEB, script);
  const argv = [process.execPath, script, String(port), starts] as const;
  const web: Web = {
    id,
    port,
    argv: [...argv],
    script: path.basename(script),
    service: (more = {}, remedy = {}) => ({
      id,
      check: { type: 'http', url: `http://127.0.0.1:${port}/`, timeout: '3s' },
      recovery: [
        {
          type: 'restart-process',
          find: { port, match: starts },
          start: [...argv],
          cwd: place.work,
          log: path.join(place.work, `${id}.log`),
          stopTimeout: '1s',
          startWindow: '30s',
          ...remedy,
        },
      ],
      ...more,
    }),
    async pid() {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      return answer?.status === 200 ? Number(await answer.text()) : undefined;
    },
    up: (not) =>
      until(`${id} answers`, async () => {
        const pid = await web.pid();
        return pid === not ? undefined : pid;
      }),
    async mood(mood) {
      await fetch(`http://127.0.0.1:${port}/${mood}`, { method: 'POST' });
    },
    starts() {
      try {
        return readFileSync(starts, 'utf8').split('\n').filter(Boolean).map(Number);
      } catch {
        return [];
      }
    },
    async startByHand() {
      const child = spawn(argv[0], argv.slice(1), { cwd: place.work, detached: true, stdio: 'ignore' });
      child.unref();
      return web.up();
    },
  };
  return web;
}
