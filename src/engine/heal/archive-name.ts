// The names of what rotating leaves beside a log: `app.log.20260102T030405Z.gz`, and the forms that exist while it works.
// Only exactly these names are ever taken for ours (R15). Pure.

/** `archive`: done. `partial`: being written, worth nothing. `pending`: complete, but its source may not have shrunk yet.
 * `rotating`: the log itself, renamed, not in an archive yet. */
export type OurKind = 'archive' | 'partial' | 'pending' | 'rotating';
export interface ArchiveId {
  /** Second of the rotation, UTC. */
  readonly stamp: string;
  /** 1, and more for further ones of that second. */
  readonly sequence: number;
}
export interface OurName extends ArchiveId {
  readonly source: string;
  readonly kind: OurKind;
}

const ENDINGS: Record<OurKind, string> = {
  archive: '.gz',
  partial: '.jarvis-partial',
  pending: '.jarvis-pending.gz',
  rotating: '.jarvis-rotating',
};
const OURS = /^(.+)\.(\d{8}T\d{6}Z)(?:-([1-9]\d*))?(\.gz|\.jarvis-partial|\.jarvis-pending\.gz|\.jarvis-rotating)$/s;

export function nameOf(source: string, { stamp, sequence }: ArchiveId, kind: OurKind): string {
  return `${source}.${stamp}${sequence === 1 ? '' : `-${sequence}`}${ENDINGS[kind]}`;
}

/** undefined: not one of ours. */
export function readOurName(name: string): OurName | undefined {
  const found = OURS.exec(name);
  if (!found) return undefined;
  const [, source = '', stamp = '', sequence, ending] = found;
  const kind = (Object.keys(ENDINGS) as OurKind[]).find((one) => ENDINGS[one] === ending);
  // `-1` is never written, so a name with it is somebody else's.
  return kind && sequence !== '1' ? { source, stamp, sequence: sequence ? Number(sequence) : 1, kind } : undefined;
}

/** Later than all of these, also when the clock went back: by name the archives of a log stay in the order of its lines. */
export function nextId(existing: readonly ArchiveId[], wallMs: number): ArchiveId {
  const now = `${new Date(wallMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const last = existing.reduce<ArchiveId | undefined>((a, b) => (a && byAge(a, b) > 0 ? a : b), undefined);
  return last && last.stamp >= now ? { stamp: last.stamp, sequence: last.sequence + 1 } : { stamp: now, sequence: 1 };
}

/** Oldest first. */
export function byAge(a: ArchiveId, b: ArchiveId): number {
  return a.stamp === b.stamp ? a.sequence - b.sequence : a.stamp < b.stamp ? -1 : 1;
}
