import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { CommandResult } from '../../contract/ports.ts';
import { isOnBattery, type PowerReaders } from './power.ts';

const nobody = { run: async (): Promise<CommandResult> => ({ kind: 'not-started', code: 'ENOENT', message: '' }) };
function linux(supplies: Record<string, Record<string, string>>): PowerReaders {
  return {
    platform: 'linux',
    commands: nobody,
    readdir: async () => Object.keys(supplies),
    readFile: async (path) => {
      const [name = '', field = ''] = path.split('/').slice(-2);
      const text = supplies[name]?.[field];
      if (text === undefined) throw new Error('ENOENT');
      return `${text}\n`;
    },
  };
}
const mac = (name: string): PowerReaders => ({
  platform: 'darwin',
  commands: {
    run: async () => {
      const output = readFileSync(new URL(`../../../test/fixtures/${name}`, import.meta.url), 'utf8');
      return { kind: 'exited', exitCode: 0, output, lastLine: '' };
    },
  },
});

test('on Linux: a battery that gives and no plug', async () => {
  const battery = { type: 'Battery', status: 'Discharging' };
  expect(await isOnBattery(linux({ BAT0: battery, AC: { type: 'Mains', online: '0' } }))).toBe(true);
  expect(await isOnBattery(linux({ BAT0: { ...battery, status: 'Charging' }, AC: { type: 'Mains', online: '1' } }))).toBe(false);
  // Plugged in by USB, and the battery gives a little all the same.
  expect(await isOnBattery(linux({ BAT0: battery, ucsi: { type: 'USB', online: '1' } }))).toBe(false);
});

test('a machine without a battery of its own, or one that does not tell', async () => {
  expect(await isOnBattery(linux({}))).toBeUndefined();
  expect(await isOnBattery(linux({ mouse: { type: 'Battery', scope: 'Device', status: 'Discharging' } }))).toBeUndefined();
  expect(await isOnBattery({ platform: 'darwin', commands: nobody })).toBeUndefined();
  expect(await isOnBattery({ platform: 'win32', commands: nobody })).toBeUndefined();
});

test('on macOS: as pmset says', async () => {
  expect(await isOnBattery(mac('power-macos-pmset-battery.txt'))).toBe(true);
  expect(await isOnBattery(mac('power-macos-pmset-ac.txt'))).toBe(false);
});
