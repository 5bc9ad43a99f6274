import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { mountSmallDisk, removeTempFolders, tempFolder } from '../../test/fixtures/keep-support.ts';
import type { ServiceConfig } from '../contract/config.ts';
import { fullDisksOf } from './full-disk.ts';
import { checkConfig } from './keep/config-problems.ts';

afterAll(removeTempFolders);

function services(list: readonly object[]): readonly ServiceConfig[] {
  const checked = checkConfig(JSON.stringify({ services: list }), 'config.json');
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.config.services;
}
const tcp = { type: 'tcp', port: 4_000 };
const disk = (id: string, at: string, more = {}) => ({ id, check: { type: 'disk', path: at, minFree: '10%' }, ...more });
function fillUp(folder: string): void {
  try {
    for (let n = 0; ; n += 1) writeFileSync(path.join(folder, `filler-${n}`), Buffer.alloc(4_096));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  }
}
/** Two file systems: one that is full below /full, one with room. */
const ports = (bytes: { free: number; total: number }) => ({
  userHome: '/home/me',
  stat: async (at: string) => ({ dev: at.startsWith('/full') ? 1 : 2 }),
  statfs: async (at: string) => ({
    bsize: 1,
    blocks: at.startsWith('/full') ? bytes.total : 1e12,
    bavail: at.startsWith('/full') ? bytes.free : 5e11,
  }),
});
const nearlyNothing = { free: 1_000_000, total: 5e11 };
const ask = async (service: object, disks: readonly object[], bytes = nearlyNothing) => {
  const [own, ...others] = services([service, ...disks]) as [ServiceConfig, ...ServiceConfig[]];
  return fullDisksOf(own, others, ports(bytes));
};

describe('a full disk is a cause for what lives on it (R11)', () => {
  it('its folder, its log or the folder of a remedy lies there', async () => {
    const disks = [disk('full', '/full'), disk('roomy', '/')];
    expect(await ask({ id: 'a', check: tcp, cwd: '/full/app' }, disks)).toEqual(['full']);
    expect(await ask({ id: 'a', check: tcp, logs: '/full/app.log' }, disks)).toEqual(['full']);
    expect(await ask({ id: 'a', check: tcp, recovery: [{ type: 'command', run: ['x'], cwd: '/full/app' }] }, disks)).toEqual(['full']);
    expect(await ask({ id: 'a', check: tcp, cwd: '/app' }, disks)).toEqual([]);
  });

  it('one that names no folder lives where its user does', async () => {
    const [service, ...others] = services([{ id: 'a', check: tcp }, disk('full', '/full')]) as [ServiceConfig, ...ServiceConfig[]];
    expect(await fullDisksOf(service, others, ports(nearlyNothing))).toEqual([]);
    expect(await fullDisksOf(service, others, { ...ports(nearlyNothing), userHome: '/full/me' })).toEqual(['full']);
  });

  it('one on another machine does not live here', async () => {
    const full = { ...ports(nearlyNothing), userHome: '/full/me' };
    const at = async (check: object) => {
      const [service, ...others] = services([{ id: 'a', check }, disk('full', '/full')]) as [ServiceConfig, ...ServiceConfig[]];
      return fullDisksOf(service, others, full);
    };
    expect(await at({ type: 'http', url: 'https://example.com/' })).toEqual([]);
    expect(await at({ type: 'tcp', host: '192.0.2.7', port: 22 })).toEqual([]);
    expect(await at({ type: 'http', url: 'http://localhost:3000/' })).toEqual(['full']);
    expect(await at({ type: 'http', url: 'http://[::1]:3000/' })).toEqual(['full']);
  });

  it('over its limit is not full', async () => {
    const on = { id: 'a', check: tcp, cwd: '/full' };
    expect(await ask(on, [disk('full', '/full')], { free: 49_000_000, total: 5e11 })).toEqual(['full']);
    expect(await ask(on, [disk('full', '/full')], { free: 60_000_000, total: 5e11 })).toEqual([]);
    // A small one is not full for being small.
    expect(await ask(on, [disk('full', '/full')], { free: 10_000_000, total: 100_000_000 })).toEqual([]);
    expect(await ask(on, [disk('full', '/full')], { free: 0, total: 100_000_000 })).toEqual(['full']);
  });

  it('disks and memory are no victims, and a disk that waits for others is no cause', async () => {
    expect(await ask(disk('other', '/full'), [disk('full', '/full')])).toEqual([]);
    expect(await ask({ id: 'a', check: { type: 'memory', maxUsed: '90%' } }, [disk('full', '/full')])).toEqual([]);
    const waits = [disk('full', '/full', { dependsOn: ['other'] }), disk('other', '/')];
    expect(await ask({ id: 'a', check: tcp, cwd: '/full' }, waits)).toEqual([]);
  });

  it('what cannot be asked is no cause', async () => {
    const [service, ...others] = services([{ id: 'a', check: tcp, cwd: '/full' }, disk('full', '/full')]) as [
      ServiceConfig,
      ...ServiceConfig[],
    ];
    const fails = async () => Promise.reject(new Error('EACCES'));
    expect(await fullDisksOf(service, others, { ...ports(nearlyNothing), stat: fails })).toEqual([]);
    expect(await fullDisksOf(service, others, { ...ports(nearlyNothing), statfs: fails })).toEqual([]);
  });

  it('a real one', async ({ skip }) => {
    const small = mountSmallDisk(4_000_000);
    if (!small) return skip();
    try {
      const cwd = path.join(small.folder, 'app');
      mkdirSync(cwd);
      const [service, ...others] = services([{ id: 'a', check: tcp, cwd }, disk('small', small.folder), disk('home', tempFolder())]) as [
        ServiceConfig,
        ...ServiceConfig[],
      ];
      expect(await fullDisksOf(service, others, { userHome: '/' })).toEqual([]);
      fillUp(small.folder);
      expect(await fullDisksOf(service, others, { userHome: '/' })).toEqual(['small']);
    } finally {
      small.unmount();
    }
  });
});
