// Errors as problem details (RFC 9457), made in one place for every answer of the API. Knows no rule.
import { type ErrorCode, errorText, HealthError, HTTP_STATUS_OF_ERROR } from '../contract/errors.ts';

/** An error of HTTP itself: its status and what must stand in its head (`Allow`, `Retry-After`, `WWW-Authenticate`). */
export class HttpError extends HealthError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    message: string,
    more: { headers?: Record<string, string>; hint?: string; details?: Record<string, unknown> } = {},
  ) {
    super(CODES[status] ?? 'usage', message, more);
    this.status = status;
    this.headers = more.headers ?? {};
  }
}
const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not-found',
  409: 'conflict',
  429: 'refused',
};

interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON of `application/problem+json`. `title` is the stable code of the error, `detail` the sentence for people. */
  readonly text: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

export function problemOf(error: unknown): Problem {
  const known = error instanceof HealthError ? error : new HealthError('internal', errorText(error), { cause: error });
  const status = known instanceof HttpError ? known.status : HTTP_STATUS_OF_ERROR[known.code];
  const text = JSON.stringify({
    type: `urn:jarvis-health:${known.code}`,
    title: known.code,
    status,
    detail: known.message,
    ...(known.hint ? { hint: known.hint } : {}),
    ...(Object.keys(known.details).length > 0 ? { details: known.details } : {}),
  });
  return { status, headers: known instanceof HttpError ? known.headers : {}, text };
}
