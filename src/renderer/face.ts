// Which silhouette, colour and word a state has (PRODUCT section 2): red needs you, yellow is anything else that is not ok,
// green is well, grey does not count. Pure: values in, a face out.
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';

export type Tone = 'red' | 'amber' | 'green' | 'grey';
export type Shape =
  | 'octagon'
  | 'octagon-seen'
  | 'diamond'
  | 'triangle'
  | 'repair'
  | 'starting'
  | 'waiting'
  | 'behind'
  | 'question'
  | 'check'
  | 'paused'
  | 'stopped'
  | 'hollow'
  | 'moon';
export interface Face {
  readonly shape: Shape;
  readonly tone: Tone;
  /** What the shape says, in one or two words. */
  readonly word: string;
  /** Worst first: the smaller, the more it needs a person. */
  readonly rank: number;
}

export function needsPerson(view: Pick<ServiceView, 'alerting' | 'phase' | 'acknowledged'>): boolean {
  if (view.phase === 'paused' || view.phase === 'stopped') return false;
  return (view.alerting || view.phase === 'gave-up') && !view.acknowledged;
}

export function faceOf(view: ServiceView): Face {
  switch (view.phase) {
    case 'paused':
      return { shape: 'paused', tone: 'grey', word: 'Paused', rank: 8 };
    case 'stopped':
      return { shape: 'stopped', tone: 'grey', word: 'Stopped', rank: 9 };
  }
  if (view.reason === 'not-yet-checked') return { shape: 'hollow', tone: 'grey', word: 'Not looked at yet', rank: 6 };
  if (needsPerson(view)) return { shape: 'octagon', tone: 'red', word: 'Needs you', rank: 0 };
  if (view.acknowledged) return { shape: 'octagon-seen', tone: 'amber', word: 'Acknowledged', rank: 2 };
  switch (view.phase) {
    case 'recovering':
      return { shape: 'repair', tone: 'amber', word: 'Being repaired', rank: 1 };
    case 'settling':
      return { shape: 'starting', tone: 'amber', word: 'Starting', rank: 1 };
    case 'held':
      return { shape: 'waiting', tone: 'amber', word: 'Waiting for a build', rank: 1 };
    case 'suppressed':
      return { shape: 'behind', tone: 'amber', word: 'Waiting for another', rank: 3 };
  }
  switch (view.status) {
    case 'error':
      return { shape: 'diamond', tone: 'amber', word: 'Failing', rank: 1 };
    case 'unknown':
      return { shape: 'question', tone: 'amber', word: 'Cannot look', rank: 3 };
    case 'warning':
      return { shape: 'triangle', tone: 'amber', word: 'Warning', rank: 4 };
    case 'ok':
      return { shape: 'check', tone: 'green', word: 'Well', rank: 7 };
  }
}

/** The head of the window: the worst that there is. */
export function overallFace(snapshot: Snapshot): Face {
  switch (snapshot.overall) {
    case 'error':
      return { shape: 'octagon', tone: 'red', word: 'Needs you', rank: 0 };
    case 'warning':
      return { shape: 'triangle', tone: 'amber', word: 'Not all well', rank: 1 };
    case 'ok':
      return { shape: 'check', tone: 'green', word: 'All well', rank: 7 };
    case 'unknown':
      return { shape: snapshot.sentence === 'Asleep' ? 'moon' : 'hollow', tone: 'grey', word: 'Not known', rank: 6 };
  }
}

/** Worst first; among equals the order of the configuration stays. */
export function worstFirst(services: readonly ServiceView[]): ServiceView[] {
  return [...services].sort((a, b) => faceOf(a).rank - faceOf(b).rank);
}
