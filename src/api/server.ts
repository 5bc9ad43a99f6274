// The engine over HTTP, made from the one table of operations (PRODUCT section 7): always on its control socket, which is
// guarded by its file's permissions, and on 127.0.0.1 when asked for (loopback.ts). Knows no rule.
import { chmod } from 'node:fs/promises';
import os from 'node:os';
import { errorText, HealthError } from '../contract/errors.ts';
import { type Engine, engineSocket } from '../engine/engine.ts';
import { answering, answerShared, type Shared, sendJson } from './answer.ts';
import { createEventHub } from './events.ts';
import { type HttpLimits, listen } from './http-server.ts';
import type { Loopback } from './loopback.ts';
import { notAllowed } from './router.ts';

interface ControlOptions {
  /** Folder of the window's built files, for the dashboard. */
  readonly dashboard: string;
  readonly limits?: HttpLimits;
}
export interface ControlServer {
  /** Path of the control socket. */
  readonly address: string;
  /** Also on 127.0.0.1; port 0 is any free one. Once: a second call gives what the first has opened. Rejects `conflict` when
   * the port is taken. */
  listen(port: number): Promise<Loopback>;
  close(): Promise<void>;
}

/** Listens on the home's control socket, mode 0600. Rejects `home-unusable` when that is not possible. */
export async function serveControl(engine: Engine, { dashboard, limits }: ControlOptions): Promise<ControlServer> {
  const shared: Shared = { engine, hub: createEventHub(engine) };
  let loopback: Promise<Loopback> | undefined;
  const onLoopback = (port: number): Promise<Loopback> => {
    // Loaded when asked for: most engines are only asked over their socket.
    loopback ??= import('./loopback.ts').then(({ openLoopback }) =>
      openLoopback(shared, { port, dashboard, ...(limits ? { limits } : {}) }),
    );
    loopback.catch(() => {
      loopback = undefined;
    });
    return loopback;
  };

  const address = await engineSocket(engine, { uid: process.getuid?.() ?? 0, tmp: os.tmpdir() });
  const handle = answering(async (asked) => {
    const { request, response, url } = asked;
    if (url.pathname !== '/sign-in') return answerShared(shared, asked);
    if (request.method !== 'POST') throw notAllowed(url.pathname, ['POST']);
    // Whoever may use this socket is the user of this home, and may let a browser in.
    const opened = await onLoopback(0);
    sendJson(response, 200, opened.signIn());
  });
  const listening = await listen(handle, { path: address }, limits).catch((error: unknown) => {
    throw new HealthError('home-unusable', `The control socket ${address} cannot be opened: ${errorText(error)}`, { cause: error });
  });
  // The folder is 0700 already; a socket is made with the umask's rights, so they are narrowed at once.
  await chmod(address, 0o600);
  return {
    address,
    listen: onLoopback,
    async close() {
      shared.hub.close();
      const opened = await loopback?.catch(() => undefined);
      await Promise.all([listening.close(), opened?.close()]);
    },
  };
}
