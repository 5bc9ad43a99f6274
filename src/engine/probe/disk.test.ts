import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { probeContext } from '../../../test/fixtures/probe-context.ts';
import { type CheckOf, checkSchema } from '../../contract/config.ts';
import { type FileSystemStats, probeDisk } from './disk.ts';

const checkOf = (part: object) => checkSchema.parse({ type: 'disk', ...part }) as CheckOf<'disk'>;
const GB = 1e9;
/** 100 GB, 5 of them reserved for root, `free` left for users. */
const disk =
  (freeGb: number, part: Partial<FileSystemStats> = {}) =>
  async (): Promise<FileSystemStats> => ({
    bsize: 1_000_000,
    frsize: 1_000,
    blocks: (100 * GB) / 1_000,
    bfree: ((freeGb + 5) * GB) / 1_000,
    bavail: (freeGb * GB) / 1_000,
    files: 1_000,
    ffree: 30,
    ...part,
  });

describe('a look at a disk', () => {
  it('counts as df does, on the real disk', async () => {
    const found = await probeDisk(checkOf({ path: '~' }), probeContext());
    const [used, available] =
      execFileSync('df', ['-kP', os.homedir()], { encoding: 'utf8' }).split('\n')[1]?.split(/\s+/).slice(2, 4).map(Number) ?? [];
    const percent = (100 * (available ?? 0)) / ((used ?? 0) + (available ?? 0));
    expect(found).toMatchObject({ level: 'ok', reason: 'within-limits' });
    expect(found.measures?.[0]?.value).toBeCloseTo(percent, 0);
    expect(found.message).toMatch(/^\d+ % free \(.+ of .+\)$/);
  });

  it('gives a share with its limit, and leaves the judgement to others', async () => {
    const found = await probeDisk(checkOf({ path: '/data', minFree: '10%', clearAt: '12%' }), probeContext(), disk(9));
    expect(found).toEqual({
      level: 'ok',
      reason: 'within-limits',
      message: '9 % free (9 GB of 95 GB)',
      measures: [
        {
          name: 'free',
          value: 9.5,
          unit: 'percent',
          limit: 10,
          failsWhen: 'below',
          clearAt: 12,
          okText: '9 % free (9 GB of 95 GB)',
          failText: 'Only 9 % free (9 GB of 95 GB); the limit is 10 %, well again from 12 %',
        },
      ],
    });
  });

  it('gives bytes when the limit is in bytes', async () => {
    const found = await probeDisk(checkOf({ path: '/data', minFree: '20GB' }), probeContext(), disk(9));
    expect(found.measures?.[0]).toMatchObject({
      value: 9 * GB,
      unit: 'bytes',
      limit: 20 * GB,
      failText: 'Only 9 % free (9 GB of 95 GB); the limit is 20 GB',
    });
  });

  it('counts inodes where the filesystem has them', async () => {
    const check = checkOf({ path: '/data', minInodes: '5%' });
    const found = await probeDisk(check, probeContext(), disk(50));
    expect(found.measures?.[1]).toMatchObject({ name: 'inodes', value: 3, unit: 'percent', limit: 5, failsWhen: 'below' });
    const none = await probeDisk(check, probeContext(), disk(50, { files: 0, ffree: 0 }));
    expect(none.measures).toHaveLength(1);
  });

  it('fails for a path that is not there, and cannot look where it may not', async () => {
    await expect(probeDisk(checkOf({ path: '/no/such/folder' }), probeContext())).resolves.toEqual({
      level: 'error',
      reason: 'not-found',
      message: 'Nothing there at /no/such/folder',
    });
    const denied = async () => Promise.reject(Object.assign(new Error(), { code: 'EACCES' }));
    await expect(probeDisk(checkOf({ path: '/x' }), probeContext(), denied)).resolves.toMatchObject({
      level: 'unknown',
      reason: 'permission-denied',
    });
    await expect(probeDisk(checkOf({ path: '/x' }), probeContext(), disk(0, { blocks: 0 }))).resolves.toMatchObject({
      reason: 'not-supported',
    });
  });

  it('asks a dead network drive once, however often it is looked at', async () => {
    let asked = 0;
    let answer: ((stats: FileSystemStats) => void) | undefined;
    const dead = () => {
      asked += 1;
      return new Promise<FileSystemStats>((resolve) => {
        answer = resolve;
      });
    };
    const ctx = probeContext();
    const looks = [1, 2, 3].map(() => probeDisk(checkOf({ path: '/mnt' }), ctx, dead));
    expect(asked).toBe(1);
    answer?.(await disk(50)());
    for (const found of await Promise.all(looks)) expect(found.level).toBe('ok');
    await probeDisk(checkOf({ path: '/mnt' }), ctx, disk(50));
    expect(ctx.memory.size).toBe(0);
  });
});
