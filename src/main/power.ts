// Tells the engine of sleep and wake, and keeps macOS from suspending the app while a repair is under way, and only then: held for
// ever it would keep the whole machine awake (https://www.electronjs.org/docs/latest/api/power-save-blocker).
import { powerMonitor, powerSaveBlocker } from 'electron';
import type { Snapshot } from '../contract/snapshot.ts';

export interface PowerDeps {
  onSuspend(): void;
  onResume(): void;
  /** The machine is being switched off or the user logs out: `hold` keeps it until we have flushed. */
  onShutdown(hold: () => void): void;
}

/** After `ready`. */
export function watchPower(deps: PowerDeps): void {
  let isSuspended = false;
  // Told each time: where the word of the wake was missing, the sleep before would else be counted into this one.
  powerMonitor.on('suspend', () => {
    isSuspended = true;
    deps.onSuspend();
  });
  const awake = (): void => {
    if (!isSuspended) return;
    isSuspended = false;
    deps.onResume();
  };
  powerMonitor.on('resume', awake);
  // The word of the wake is sometimes missing; whoever unlocks the screen is awake.
  powerMonitor.on('unlock-screen', awake);
  powerMonitor.on('shutdown', ((event?: { preventDefault(): void }) => deps.onShutdown(() => event?.preventDefault())) as () => void);
}

/** A blocker that follows the snapshots. */
export function createRepairGuard(): { see(snapshot: Snapshot | undefined): void } {
  let id: number | undefined;
  return {
    see(snapshot) {
      const isRepairing = snapshot?.services.some((view) => view.phase === 'recovering' || view.lastAttempt?.outcome === null) ?? false;
      if (isRepairing && id === undefined) id = powerSaveBlocker.start('prevent-app-suspension');
      if (!isRepairing && id !== undefined) {
        powerSaveBlocker.stop(id);
        id = undefined;
      }
    },
  };
}
