// How often somebody may give a command: a bucket that refills evenly, one for each key. Pure memory.

interface Bucket {
  left: number;
  atMs: number;
}
const MOST_KEYS = 1_000;

/** `perMinute` at once, then evenly. Returns 0 when allowed, else the whole seconds to wait. */
export function createRateLimit(perMinute: number, nowMs: () => number = () => performance.now()): (key: string) => number {
  const buckets = new Map<string, Bucket>();
  const refilled = (bucket: Bucket, now: number): number => Math.min(perMinute, bucket.left + ((now - bucket.atMs) * perMinute) / 60_000);
  return (key) => {
    const now = nowMs();
    const bucket = buckets.get(key) ?? { left: perMinute, atMs: now };
    const left = refilled(bucket, now);
    const isAllowed = left >= 1;
    buckets.set(key, { left: isAllowed ? left - 1 : left, atMs: now });
    if (buckets.size > MOST_KEYS) for (const [old, known] of buckets) if (refilled(known, now) >= perMinute) buckets.delete(old);
    return isAllowed ? 0 : Math.max(1, Math.ceil(((1 - left) * 60) / perMinute));
  };
}
