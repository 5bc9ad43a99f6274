// The one error that crosses boundaries. Its code is stable; exit codes, HTTP statuses and words are made from it at the edges.

export type ErrorCode =
  | 'usage' // the call itself is wrong
  | 'config-invalid' // the configuration is refused; nothing was changed
  | 'config-missing' // there is none
  | 'no-engine' // an engine is needed and none runs
  | 'engine-stuck' // one runs and does not answer
  | 'home-owned' // another engine owns this home
  | 'home-unusable' // the home can't be read or written
  | 'not-found' // no such service, alert, …
  | 'conflict' // somebody else has it, or it is in the wrong state
  | 'refused' // a rule forbids it; the reason says which
  | 'unauthorized'
  | 'internal';

export class HealthError extends Error {
  override readonly name = 'HealthError';
  readonly code: ErrorCode;
  /** What to do about it, for people. */
  readonly hint: string | undefined;
  /** Named reason, problems of a configuration, pid of an owner: whatever a program may want. */
  readonly details: Readonly<Record<string, unknown>>;
  constructor(code: ErrorCode, message: string, options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** Exit codes of the command line (PRODUCT section 6; from 64 on those of sysexits.h, `unwritten` is its EX_IOERR, `owned` its EX_TEMPFAIL). */
export const EXIT = { ok: 0, warning: 1, error: 2, unknown: 3, usage: 64, noEngine: 69, unwritten: 74, owned: 75, config: 78 } as const;

export const EXIT_OF_ERROR: Record<ErrorCode, number> = {
  usage: EXIT.usage,
  'config-invalid': EXIT.config,
  'config-missing': EXIT.config,
  'no-engine': EXIT.noEngine,
  'engine-stuck': EXIT.noEngine,
  'home-owned': EXIT.owned,
  'home-unusable': EXIT.error,
  'not-found': EXIT.usage,
  conflict: EXIT.error,
  refused: EXIT.error,
  unauthorized: EXIT.error,
  internal: EXIT.error,
};

export const HTTP_STATUS_OF_ERROR: Record<ErrorCode, number> = {
  usage: 400,
  'config-invalid': 422,
  'config-missing': 404,
  'no-engine': 503,
  'engine-stuck': 503,
  'home-owned': 409,
  'home-unusable': 503,
  'not-found': 404,
  conflict: 409,
  refused: 409,
  unauthorized: 401,
  internal: 500,
};

/** The system's code of an unknown error (`ENOENT`), if it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** One line for people of an unknown error. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
