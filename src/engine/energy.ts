// On battery, everyday looks come more rarely, if the configuration wants it. Asks for the source of power only then, and every
// two minutes. Changes nothing but the answer to `slower`.
import type { Config } from '../contract/config.ts';
import type { CommandPort, TimersPort } from '../contract/ports.ts';

interface EnergyDeps {
  readonly timers: Pick<TimersPort, 'after'>;
  readonly commands: Pick<CommandPort, 'run'>;
  readonly platform: NodeJS.Platform;
  /** What is planned is to be planned anew. */
  changed(): void;
  readonly isOnBattery?: () => Promise<boolean | undefined>;
}
export interface Energy {
  /** By how many times an interval is longer now. */
  slower(): number;
  /** undefined: nobody asked, or the system does not tell. */
  isOnBattery(): boolean | undefined;
  /** A configuration was taken. */
  take(config: Config): void;
  close(): void;
}

const ASK_EVERY_MS = 120_000;

export function createEnergy(deps: EnergyDeps): Energy {
  let wanted = 1;
  let known: boolean | undefined;
  let cancel: (() => void) | undefined;
  let isClosed = false;
  const slower = (): number => (known === true ? wanted : 1);
  const ask = deps.isOnBattery ?? (async () => (await import('./probe/power.ts')).isOnBattery(deps));

  async function look(): Promise<void> {
    const before = slower();
    known = await ask().catch(() => undefined);
    if (isClosed) return;
    if (slower() !== before) deps.changed();
    plan();
  }
  function plan(): void {
    cancel?.();
    cancel = isClosed || wanted === 1 ? undefined : deps.timers.after(ASK_EVERY_MS, () => void look());
  }

  return {
    slower,
    isOnBattery: () => known,
    take(config) {
      const before = slower();
      wanted = config.onBatterySlower;
      if (wanted > 1) void look();
      else {
        cancel?.();
        if (slower() !== before) deps.changed();
      }
    },
    close() {
      isClosed = true;
      cancel?.();
    },
  };
}
