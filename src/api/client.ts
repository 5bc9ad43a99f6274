// Asks a running engine over its control socket. Loads neither schemas nor the server, so that `status` starts quickly.
import { type ErrorCode, errorText, HealthError, systemCode } from '../contract/errors.ts';
import type { OperationInput, OperationOutput } from '../contract/operations.ts';
import { type OperationName, requestOf } from '../contract/routes.ts';

/** A heal that waits for its outcome may take as long as a start window, a look as long as its timeout. */
const PATIENCE_MS = 60 * 60_000;
const PATIENT: ReadonlySet<OperationName> = new Set(['check', 'heal', 'start', 'stop', 'replay']);
/** All else is answered from memory and the home's files: an engine that needs longer is stuck, and whoever asks must hear of it. */
const ANSWER_MS = 15_000;

export interface Client {
  /** Rejects with the engine's HealthError, `no-engine` when nobody listens, `engine-stuck` when it does not answer. */
  ask<N extends OperationName>(name: N, input: OperationInput<N>): Promise<OperationOutput<N>>;
}

export function createClient(socketPath: string): Client {
  return {
    async ask(name, input) {
      const { method, target, body } = requestOf(name, input);
      const { status, text } = await send(socketPath, method, target, body, PATIENT.has(name) ? PATIENCE_MS : ANSWER_MS);
      return answerOf(status, text) as OperationOutput<typeof name>;
    },
  };
}

/** An address of the dashboard that signs a browser in, once and within five minutes. An engine without a port takes a free one. */
export async function askSignIn(socketPath: string): Promise<{ url: string; expiresAt: string }> {
  const { status, text } = await send(socketPath, 'POST', '/sign-in', '', ANSWER_MS);
  return answerOf(status, text) as { url: string; expiresAt: string };
}

function answerOf(status: number, text: string): unknown {
  const body = parse(text);
  if (status < 400) return body;
  throw asError(body, status);
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body: string | undefined,
  timeout: number,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    // Not by `import`: docs/decisions/0004-memory.md.
    const asked = process
      .getBuiltinModule('node:http')
      .request({ socketPath, method, path, headers, timeout, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 500, text: Buffer.concat(chunks).toString('utf8') }));
        response.on('error', (error) => reject(lost(error)));
      });
    asked.on('timeout', () => {
      reject(stuck(timeout));
      asked.destroy();
    });
    asked.on('error', (error) => reject(isNobody(error) ? nobody(error) : lost(error)));
    asked.end(body);
  });
}

function isNobody(error: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'EACCES'].includes(systemCode(error) ?? '');
}
function nobody(cause: unknown): HealthError {
  // Whether one runs there, this user can't see: told apart, so that nobody is told that nobody is looking.
  if (systemCode(cause) === 'EACCES')
    return new HealthError('no-engine', "The engine of this home, if one runs, can't be asked by this user: permission denied.", {
      hint: 'Ask as the user whom the home belongs to, or choose another with --home.',
      details: { reason: 'not-allowed' },
      cause,
    });
  return new HealthError('no-engine', 'No engine runs for this home.', { hint: 'jarvis-health start, or jarvis-health run.', cause });
}
function stuck(afterMs: number): HealthError {
  return new HealthError('engine-stuck', `An engine owns this home, but it has not answered for ${afterMs / 1_000} s.`, {
    hint: 'jarvis-health restart ends it and starts a new one.',
  });
}
function lost(cause: unknown): HealthError {
  return new HealthError('no-engine', `The engine went away while it was asked: ${errorText(cause)}`, { cause });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HealthError('internal', 'The engine answered something that is no JSON.');
  }
}

function asError(body: unknown, status: number): HealthError {
  const { title, detail, hint, details } = (body ?? {}) as {
    title?: string;
    detail?: string;
    hint?: string;
    details?: Record<string, unknown>;
  };
  return new HealthError((title ?? 'internal') as ErrorCode, detail ?? `The engine answered ${status}.`, {
    ...(hint ? { hint } : {}),
    ...(details ? { details } : {}),
  });
}
