// Looks at the means of all remedies a moment after a configuration is taken, and once a day: a remedy that could not work is a
// warning today, not a surprise at night. While something is missing, every five minutes. Tells what is missing as a problem of the app; changes nothing.
import type { Config } from '../contract/config.ts';
import { errorText } from '../contract/errors.ts';
import type { ProcessPort, TimersPort } from '../contract/ports.ts';
import type { Means, MeansContext } from './probe/means.ts';

interface MeansWatchDeps {
  readonly timers: Pick<TimersPort, 'after'>;
  readonly processes: Pick<ProcessPort, 'portOwners' | 'identify'>;
  readonly userHome: string;
  readonly searchPath: string | undefined;
  problem(code: string, message: string | undefined): void;
  readonly check?: (config: Config, context: MeansContext) => AsyncIterable<Means>;
}
export interface MeansWatch {
  /** A configuration was taken. */
  look(config: Config): void;
  close(): void;
}

/** After the first looks at the services, which are worth more. */
const SOON_MS = 5_000;
const DAY_MS = 86_400_000;
/** While something is missing: what was told must not stand long after it was mended. */
const AGAIN_MS = 5 * 60_000;
const MOST_NAMED = 3;

export function watchMeans(deps: MeansWatchDeps): MeansWatch {
  let cancel: (() => void) | undefined;
  let current: AbortController | undefined;

  async function check(config: Config): Promise<void> {
    current?.abort();
    const own = new AbortController();
    current = own;
    const look = deps.check ?? (await import('./probe/means.ts')).checkMeans;
    const { userHome, searchPath, processes } = deps;
    const missing: Means[] = [];
    // Patterns that match nothing are told by doctor and `validate --means`: a log may not be there yet.
    for await (const means of look(config, { userHome, searchPath, processes })) {
      if (own.signal.aborted) return;
      if (means.ok === false) missing.push(means);
    }
    if (own.signal.aborted) return;
    deps.problem('means', missing.length === 0 ? undefined : messageOf(missing));
    plan(config, missing.length === 0 ? DAY_MS : AGAIN_MS);
  }

  function plan(config: Config, inMs: number): void {
    cancel?.();
    cancel = deps.timers.after(inMs, () => {
      plan(config, DAY_MS);
      check(config).catch((error: unknown) =>
        deps.problem('means', `The means of the repairs could not be looked at: ${errorText(error)}`),
      );
    });
  }

  return {
    look(config) {
      current?.abort(); // of the configuration before
      plan(config, SOON_MS);
    },
    close() {
      cancel?.();
      current?.abort();
    },
  };
}

function messageOf(missing: readonly Means[]): string {
  const named = missing.slice(0, MOST_NAMED).map(({ component, services, found }) => `${component} ${found} (${services.join(', ')})`);
  const rest = missing.length > MOST_NAMED ? `; and ${missing.length - MOST_NAMED} more` : '';
  return `What a check or a repair needs is missing: ${named.join('; ')}${rest}. jarvis-health doctor says what to do.`;
}
