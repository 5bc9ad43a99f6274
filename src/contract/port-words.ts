// What people read about who holds a port: the same sentence in the window, the menu, the command line and the queue. Pure.
import type { PortHolder } from './port-holder.ts';
import { durationText } from './units.ts';

/** "Port 3000 is taken by python3 (pid 4711), running for 5 min in ~/other, started by bash (pid 12)." */
export function portHolderText(holder: PortHolder, nowMs: number): string {
  const age = durationText(Math.max(0, nowMs - Date.parse(holder.since)));
  const folder = holder.folder === null ? '' : ` in ${holder.folder}`;
  const parent = holder.parent === null ? '' : `, started by ${holder.parent.name} (pid ${holder.parent.pid})`;
  return `Port ${holder.port} is taken by ${holder.name} (pid ${holder.pid}), running for ${age}${folder}${parent}.`;
}
