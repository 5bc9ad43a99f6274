// How well each remedy of a service has worked, and whether another order would do better. Words only: nobody reorders anything
// but a person. Pure.
import type { RemedyConfig, ServiceConfig } from '../../contract/config.ts';
import { actionOf } from '../../contract/describe-remedy.ts';
import type { ServiceView } from '../../contract/snapshot.ts';

/** One finished attempt, as the history has it. */
export interface TriedRemedy {
  readonly remedy: string;
  /** null where an older version wrote it. */
  readonly action: string | null;
  readonly outcome: string;
  readonly seconds: number | null;
}
type Repairs = NonNullable<ServiceView['repairs']>;
type Record = Repairs['remedies'][number];

/** Fewer say nothing yet. */
const LEAST_ATTEMPTS = 3;
/** A difference of shares that is worth a word, and of speed where both work as often. */
const BETTER_BY = 0.25;
const FASTER_BY = 2;

/** undefined: nothing was tried. Refused attempts touched nothing and count for nothing (R13). */
export function repairsOf(service: ServiceConfig, tried: readonly TriedRemedy[]): Repairs | undefined {
  const remedies = service.recovery
    .filter((remedy) => remedy.type !== 'log-top-processes')
    .map((remedy) => recordOf(remedy, service, tried));
  if (remedies.every(({ attempts }) => attempts === 0)) return undefined;
  return { remedies, advice: adviceOf(remedies) };
}

function recordOf(remedy: RemedyConfig, service: ServiceConfig, tried: readonly TriedRemedy[]): Record {
  const action = actionOf(remedy);
  const isOnlyOne = service.recovery.filter(({ type }) => type === remedy.type).length === 1;
  const own = tried.filter((one) => one.remedy === remedy.type && (one.action === null ? isOnlyOne : one.action === action));
  const counted = own.filter(({ outcome }) => outcome === 'succeeded' || outcome === 'failed');
  const well = counted.filter(({ outcome }) => outcome === 'succeeded');
  const seconds = well.flatMap((one) => one.seconds ?? []).sort((a, b) => a - b);
  return {
    remedy: remedy.type,
    action,
    attempts: counted.length,
    succeeded: well.length,
    medianSeconds: seconds[seconds.length >> 1] ?? null,
  };
}

/** The first pair in which the later one would better come first. */
function adviceOf(remedies: readonly Record[]): string | null {
  for (const [index, first] of remedies.entries()) {
    const better = remedies.slice(index + 1).find((later) => isBetter(later, first));
    if (better) return `${wordsOf(better)}, and ${wordsOf(first)}, which is tried before it. The other order would do better.`;
  }
  return null;
}

function isBetter(later: Record, first: Record): boolean {
  if (later.attempts < LEAST_ATTEMPTS || first.attempts < LEAST_ATTEMPTS) return false;
  const gain = later.succeeded / later.attempts - first.succeeded / first.attempts;
  if (gain >= BETTER_BY) return true;
  const isAsGood = gain >= 0 && later.medianSeconds !== null && first.medianSeconds !== null;
  return isAsGood && (later.medianSeconds as number) * FASTER_BY <= (first.medianSeconds as number);
}

function wordsOf({ action, attempts, succeeded, medianSeconds }: Record): string {
  const speed = medianSeconds === null ? '' : `, in ${medianSeconds.toFixed(medianSeconds < 10 ? 1 : 0)} s as a rule`;
  return `"${action}" helped ${succeeded} of ${attempts} times${speed}`;
}
