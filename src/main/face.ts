// Which of the five faces of the icon stands for what, and the words beside it (PRODUCT section 2). Pure: a snapshot in, a face out.
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';
import { durationText } from '../contract/units.ts';

export type Face = 'ok' | 'warning' | 'error' | 'unknown' | 'paused';

export const APP_NAME = 'Jarvis Health';

/** The engine as the shell sees it; `trouble`: why there is none, or why nobody else can ask it, a sentence for people. */
export interface Sight {
  readonly snapshot: Snapshot | undefined;
  readonly trouble?: string | undefined;
  /** Between the system's word that it sleeps and its word that it is awake. */
  readonly isSuspended?: boolean | undefined;
}

export function isIdle(view: Pick<ServiceView, 'phase'>): boolean {
  return view.phase === 'paused' || view.phase === 'stopped';
}

function needsPerson(view: ServiceView): boolean {
  return !isIdle(view) && (view.alerting || view.phase === 'gave-up') && !view.acknowledged;
}

/** The icon. What is switched off altogether is neither well nor ill. */
export function faceOf({ snapshot, trouble, isSuspended }: Sight): Face {
  if (trouble !== undefined) return snapshot?.overall === 'error' ? 'error' : 'warning';
  if (!snapshot || isSuspended) return 'unknown';
  if (snapshot.overall === 'ok' && snapshot.services.length > 0 && snapshot.services.every(isIdle)) return 'paused';
  return snapshot.overall;
}

/** The first row of the menu. */
export function sentenceOf({ snapshot, trouble, isSuspended }: Sight): string {
  if (trouble !== undefined) return snapshot ? `${snapshot.sentence}. ${trouble}` : trouble;
  if (isSuspended) return 'Asleep';
  return snapshot?.sentence ?? 'Starting';
}

/** Always with the app's name: Voice Control and screen readers call the icon by its tooltip, which has no label of its own
 * (https://github.com/electron/electron/issues/34626). */
export function tooltipOf(sight: Sight): string {
  return `${APP_NAME}: ${sentenceOf(sight)}`;
}

/** The text beside the icon: how many need a person, nothing where none does. Short, for the bar is narrow. */
export function titleOf({ snapshot }: Sight, showsCount: boolean): string {
  if (!showsCount) return '';
  const count = snapshot?.services.filter(needsPerson).length ?? 0;
  return count === 0 ? '' : String(count);
}

export function faceOfService(view: ServiceView): Face {
  if (isIdle(view)) return 'paused';
  if (view.reason === 'not-yet-checked') return 'unknown';
  if (needsPerson(view)) return 'error';
  return view.status === 'ok' && view.phase === 'healthy' ? 'ok' : 'warning';
}

/** Worst first; among equals the order of the configuration stays. */
export function worstFirst(services: readonly ServiceView[]): ServiceView[] {
  const rank: Record<Face, number> = { error: 0, warning: 1, unknown: 2, ok: 3, paused: 4 };
  return [...services].sort((a, b) => rank[faceOfService(a)] - rank[faceOfService(b)]);
}

/** "needs you, 4 min": state and since. */
export function stateWords(view: ServiceView, nowMs: number): string {
  const since = view.since === null ? '' : `, ${durationText(Math.max(0, nowMs - Date.parse(view.since)))}`;
  switch (view.phase) {
    case 'paused':
      return view.pausedUntil === null ? 'paused' : `paused, ${durationText(Math.max(0, Date.parse(view.pausedUntil) - nowMs))} left`;
    case 'stopped':
      return 'stopped by you';
  }
  if (view.reason === 'not-yet-checked') return 'not looked at yet';
  if (view.reason === 'program-missing') return 'its program was not found';
  if (needsPerson(view)) return `needs you${since}`;
  if (view.acknowledged) return `acknowledged${since}`;
  switch (view.phase) {
    case 'recovering':
      return 'being repaired';
    case 'settling':
      return 'starting';
    case 'held':
      return view.hold ? `waits for ${view.hold.build}, at work for ${ageText(view.hold.since, nowMs)}` : 'waits for a build to end';
    case 'suppressed':
      return view.waitsFor.length > 0 ? `waits for ${view.waitsFor.join(' and ')}` : 'waits for what it depends on';
  }
  switch (view.status) {
    case 'ok':
      return `well${since}`;
    case 'warning':
      return `warning${since}`;
    case 'error':
      return `failing${since}`;
    case 'unknown':
      return 'cannot be looked at';
  }
}

function ageText(since: string, nowMs: number): string {
  return durationText(Math.max(0, nowMs - Date.parse(since)));
}

/** Who holds its restart, and where: the second line of its menu (R10). */
export function holdWords({ hold }: ServiceView): string | undefined {
  return hold ? `Held by ${hold.build}${hold.pid === null ? '' : ` (process ${hold.pid})`} in ${hold.folder}` : undefined;
}
