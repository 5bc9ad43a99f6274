// Turns the system's error codes into named reasons: which of them say that the service fails, and which only
// that we could not look (R2). Pure: reads an error, touches nothing.
import type { ReadingReason } from '../../contract/flow.ts';
import type { Finding } from './finding.ts';

interface Trouble {
  readonly level: 'error' | 'unknown';
  readonly reason: ReadingReason;
  /** Begins a sentence; what it concerns follows. */
  readonly words: string;
}

const refused: Trouble = { level: 'error', reason: 'refused', words: 'Connection refused' };
const reset: Trouble = { level: 'error', reason: 'reset', words: 'Connection reset' };
const timedOut: Trouble = { level: 'error', reason: 'timed-out', words: 'No answer' };
const unreachable: Trouble = { level: 'error', reason: 'unreachable', words: 'No way to reach it' };
const nameless: Trouble = { level: 'error', reason: 'name-not-resolved', words: 'The name could not be resolved' };
const notFound: Trouble = { level: 'error', reason: 'not-found', words: 'Nothing there' };
const broken: Trouble = { level: 'error', reason: 'unreachable', words: 'The device does not answer' };
const denied: Trouble = { level: 'unknown', reason: 'permission-denied', words: 'No permission' };
const handles: Trouble = { level: 'unknown', reason: 'no-handles', words: 'The system had no free handle, port or memory to look with' };

const TROUBLES: Readonly<Record<string, Trouble>> = {
  ECONNREFUSED: refused,
  ECONNRESET: reset,
  ECONNABORTED: reset,
  EPIPE: reset,
  ETIMEDOUT: timedOut,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EHOSTDOWN: unreachable,
  ENETDOWN: unreachable,
  ENOTFOUND: nameless,
  EAI_AGAIN: nameless,
  ENOENT: notFound,
  ENOTDIR: notFound,
  EIO: broken,
  ENXIO: broken,
  ENODEV: broken,
  ESTALE: broken,
  EACCES: denied,
  EPERM: denied,
  EMFILE: handles,
  ENFILE: handles,
  ENOBUFS: handles,
  ENOMEM: handles,
  EAGAIN: handles,
  // All local ports are in use, or this machine has no address of that family.
  EADDRNOTAVAIL: handles,
};

/** The system's code of an error, `''` when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The trouble that an error tells of; undefined when it is not one of the system's. A name with several
 * addresses fails with an AggregateError: what the service did outweighs that one address could not be tried. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof AggregateError) {
    const troubles = error.errors.map(troubleOf).filter((trouble) => trouble !== undefined);
    return troubles.find((trouble) => trouble.level === 'error') ?? troubles[0];
  }
  return TROUBLES[codeOf(error)];
}

/** A reading of an error about `what` ("on port 3000", "for /data"). One sentence, never a stack trace. */
export function findingOf(error: unknown, what: string): Finding {
  const trouble = troubleOf(error);
  if (trouble) return { level: trouble.level, reason: trouble.reason, message: `${trouble.words} ${what}` };
  const detail = codeOf(error) || (error instanceof Error ? error.message.split('\n', 1)[0] : String(error));
  return { level: 'unknown', reason: 'probe-failed', message: `The look itself failed ${what}: ${detail}` };
}
