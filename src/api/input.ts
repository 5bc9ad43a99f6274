// Judges what comes in for an operation, from the socket and from a command line that works on the files. Knows no rule.
import { HealthError } from '../contract/errors.ts';
import { OPERATIONS, type OperationInput } from '../contract/operations.ts';
import type { OperationName } from '../contract/routes.ts';

/** Throws `usage` with every place that is wrong. */
export function inputOf<N extends OperationName>(name: N, given: unknown): OperationInput<N> {
  const input = OPERATIONS[name].input.safeParse(given);
  if (input.success) return input.data as OperationInput<N>;
  throw new HealthError('usage', input.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; '));
}
