// Figures 1 to 3: from kill -9 (or a hang) to the next answer 200, against Monit at its fastest and PM2, in turns.
// What is broken is broken at phases spread evenly over a cycle of a second, since that is what luck would do in the long run.
import http from 'node:http';
import path from 'node:path';
import { freePort } from '../scripts/demo/services.ts';
import type { ConfigInput } from '../src/contract/config.ts';
import { ask, median, newFolder, progress, QUIET, type Row, SERVICE, sleep, spread, start, startEngine, until } from './lab.ts';
import { findMonit, findPm2, type Peer, startMonit, startPm2 } from './peers.ts';

const ROUNDS = 9;
const HANG_TIMEOUT_S = 1;
const SOON_ROUNDS = 5;
/** Monit tests no port for so long after a start. */
const GRACE_S = 1;
/** After a repair nothing is broken for so long: our cooldown of a second and Monit's grace, in whole seconds, are over. */
const SETTLE_MS = 2_500;
/** Nor before the one that was broken last, and who healed it, have come to rest. */
const REST_MS = 700;
const PATIENCE_MS = 30_000;
/** Close the gap between asking and answering; a third of a tick more would only cost CPU. */
const POLL_MS = 4;

/** Somebody who keeps one service alive. */
interface Healer {
  readonly name: string;
  /** The service to break in the n-th round. */
  port(round: number): number;
  readonly times: number[];
  wellSince: number;
}
const healer = (name: string, port: (round: number) => number): Healer => ({ name, port, times: [], wellSince: performance.now() });

type Break = (port: number, pid: number) => void;
const kill: Break = (_, pid) => void process.kill(pid, 'SIGKILL');
const hangIt: Break = (port) =>
  void http
    .request({ host: '127.0.0.1', port, method: 'POST', agent: false })
    .on('error', () => undefined)
    .end();

async function breakAndWait(one: Healer, round: number, breakIt: Break): Promise<void> {
  const port = one.port(round);
  const pid = await until(`${one.name} answers`, PATIENCE_MS, () => ask(port));
  const phaseMs = (1_000 * ((round * 4) % ROUNDS)) / ROUNDS;
  await sleep(Math.max(REST_MS, one.wellSince + SETTLE_MS - performance.now()) + phaseMs);
  const began = performance.now();
  breakIt(port, pid);
  for (;;) {
    const found = await ask(port);
    const now = performance.now();
    if (found !== undefined && found !== pid) break;
    if (now - began > PATIENCE_MS) throw new Error(`${one.name} did not heal within ${PATIENCE_MS / 1_000} s`);
    await sleep(POLL_MS);
  }
  one.wellSince = performance.now();
  one.times.push(one.wellSince - began);
}

function service(id: string, port: number, folder: string, startWindow = '60s'): ConfigInput['services'][number] {
  const args = [SERVICE, String(port), path.join(folder, `${id}.pid`)];
  const restart = { find: { port, match: args.join(' ') }, start: [process.execPath, ...args], cwd: folder, startWindow };
  return {
    id,
    check: { type: 'http', url: `http://127.0.0.1:${port}/`, timeout: `${HANG_TIMEOUT_S}s` },
    recovery: [{ type: 'restart-process', ...restart }],
  };
}

export async function killed(): Promise<Row[]> {
  const ports = await Promise.all(Array.from({ length: ROUNDS + 3 }, freePort));
  const [own, monits, pm2s, ...watched] = ports as [number, number, number, ...number[]];
  const folder = newFolder('services');
  const services = [service('own', own, folder), ...watched.map((port, index) => service(`watched-${index}`, port, folder))];
  const strangers = watched.map((port, index) =>
    start([process.execPath, SERVICE, String(port), path.join(folder, `watched-${index}.pid`)], { cwd: folder }),
  );
  const peers: Peer[] = [];
  await Promise.all(watched.map((port) => until('a service', PATIENCE_MS, () => ask(port))));
  const engine = await startEngine({ ...QUIET, interval: '5m', services });
  try {
    const monit = findMonit();
    const pm2 = findPm2();
    const started = healer('engine, started', () => own);
    const looked = healer('engine, watched', (round) => watched[round] as number);
    const byMonit = healer('monit', () => monits);
    const byPm2 = healer('pm2', () => pm2s);
    if (monit) peers.push(startMonit(monits, HANG_TIMEOUT_S, GRACE_S));
    if (pm2) peers.push(startPm2(pm2s));
    const all = [started, looked, ...(monit ? [byMonit] : []), ...(pm2 ? [byPm2] : [])];
    await until(
      'all services',
      PATIENCE_MS,
      () => engine.lines('health').filter((line) => line['status'] === 'ok').length > ROUNDS || undefined,
    );
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of all) await breakAndWait(one, round, kill);
      progress(`killed, round ${round + 1} of ${ROUNDS}: ${all.map((one) => `${one.name} ${one.times.at(-1)?.toFixed(0)} ms`).join(', ')}`);
    }
    const withPeer = (figure: string, ours: Healer, peer: Healer, name: string, version: string | undefined, target: number): Row => ({
      figure,
      ours: spread(ours.times, 'ms'),
      theirs: version ? `${name} ${version}: ${spread(peer.times, 'ms')}` : `${name} is not here`,
      ratio: version ? median(ours.times) / median(peer.times) : undefined,
      target,
      ...(version ? {} : { note: `skipped: no ${name}` }),
    });
    return [
      withPeer('1a killed, started by the engine, to 200', started, byMonit, 'Monit', monit, 0.5),
      withPeer('1b the same', started, byPm2, 'PM2', pm2, 1.1),
      withPeer('2 killed, only watched, to 200', looked, byMonit, 'Monit', monit, 1),
    ];
  } finally {
    await engine.end();
    for (const peer of peers) await peer.end();
    for (const one of strangers) await one.end();
    for (const port of [own, monits, ...watched]) await endService(port);
  }
}

export async function hung(): Promise<Row[]> {
  return [
    await hang(`3a hung, timeout ${HANG_TIMEOUT_S} s, every second, to 200`, ROUNDS, GRACE_S),
    await hang('3b the same, soon after a start that may take 10 s', SOON_ROUNDS, 10),
  ];
}

async function hang(figure: string, rounds: number, startS: number): Promise<Row> {
  const [own, monits] = (await Promise.all([freePort(), freePort()])) as [number, number];
  const folder = newFolder('services');
  const services = [service('own', own, folder, `${startS}s`)];
  const engine = await startEngine({ ...QUIET, interval: '1s', retryInterval: '1s', services });
  const monit = findMonit();
  const peer = monit ? startMonit(monits, HANG_TIMEOUT_S, startS) : undefined;
  try {
    const ours = healer('engine', () => own);
    const byMonit = healer('monit', () => monits);
    const all = [ours, ...(monit ? [byMonit] : [])];
    for (let round = 0; round < rounds; round += 1) {
      for (const one of all) await breakAndWait(one, round, hangIt);
      progress(`${figure}, ${round + 1} of ${rounds}: ${all.map((one) => `${one.name} ${one.times.at(-1)?.toFixed(0)} ms`).join(', ')}`);
    }
    return {
      figure,
      ours: spread(ours.times, 'ms'),
      theirs: monit ? `Monit ${monit}: ${spread(byMonit.times, 'ms')}` : 'Monit is not here',
      ratio: monit ? median(ours.times) / median(byMonit.times) : undefined,
      target: 0.75,
      ...(monit ? {} : { note: 'skipped: no Monit' }),
    };
  } finally {
    await engine.end();
    await peer?.end();
    for (const port of [own, monits]) await endService(port);
  }
}

/** Services outlive their healers, also ours (R18): each is ended by the pid that it answers. */
async function endService(port: number): Promise<void> {
  const pid = await ask(port, 1_000);
  if (pid) process.kill(pid, 'SIGKILL');
}
