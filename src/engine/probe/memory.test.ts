import { readFileSync } from 'node:fs';
import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { probeContext } from '../../../test/fixtures/probe-context.ts';
import { type CheckOf, checkSchema } from '../../contract/config.ts';
import type { CommandResult, CommandSpec } from '../../contract/ports.ts';
import { probeMemory } from './memory.ts';

const check = checkSchema.parse({ type: 'memory', maxUsed: '90%', clearAt: '85%' }) as CheckOf<'memory'>;
const meminfo = (available: number) => async () =>
  `MemTotal:       16000000 kB\nMemFree:         1000 kB\nMemAvailable:   ${available} kB\n`;
const mac = async () => JSON.parse(readFileSync('test/fixtures/probe-macos-mem.json', 'utf8'));
const notLinux = () => Promise.reject(new Error('not asked on macOS'));
const notMac = () => Promise.reject(new Error('not asked on Linux'));

function onMac(level: string, result: Partial<CommandResult> = {}) {
  const asked: CommandSpec[] = [];
  const run = async (spec: CommandSpec) => {
    asked.push(spec);
    return { kind: 'exited', exitCode: 0, output: `${level}\n`, lastLine: level, ...result } as CommandResult;
  };
  const found = probeMemory(check, probeContext({ platform: 'darwin', commands: { run } }), { meminfo: notLinux, mac });
  return { asked, found };
}

describe('a look at memory on Linux', () => {
  it('counts what is available as not used', async () => {
    const found = await probeMemory(check, probeContext({ platform: 'linux' }), { meminfo: meminfo(1_440_000), mac: notMac });
    expect(found).toEqual({
      level: 'ok',
      reason: 'within-limits',
      message: '91 % used (15 GB of 16 GB)',
      measures: [
        expect.objectContaining({
          name: 'used',
          value: 91,
          unit: 'percent',
          limit: 90,
          failsWhen: 'above',
          clearAt: 85,
          failText: '91 % used (15 GB of 16 GB); the limit is 90 %, well again at 85 %',
        }),
      ],
    });
  });

  it('never shows a passed limit as kept', async () => {
    const found = await probeMemory(check, probeContext({ platform: 'linux' }), { meminfo: meminfo(1_590_000), mac: notMac });
    expect(found).toMatchObject({ message: '91 % used (15 GB of 16 GB)', measures: [{ value: 90.1 }] });
  });

  it('reads this machine', async (context) => {
    if (os.platform() !== 'linux') context.skip('this machine is no Linux');
    const found = await probeMemory(check, probeContext());
    expect(found.level).toBe('ok');
    expect(found.measures?.[0]?.value).toBeGreaterThan(0);
  });

  it('cannot look when the kernel does not tell', async () => {
    const odd = await probeMemory(check, probeContext({ platform: 'linux' }), { meminfo: async () => 'nonsense', mac: notMac });
    expect(odd).toMatchObject({ level: 'unknown', reason: 'probe-failed' });
    await expect(probeMemory(check, probeContext({ platform: 'win32' }))).resolves.toMatchObject({
      level: 'unknown',
      reason: 'not-supported',
    });
  });
});

describe('a look at memory on macOS', () => {
  it('counts what Activity Monitor counts, and asks for the pressure level by its whole path', async () => {
    const { asked, found } = onMac('1');
    await expect(found).resolves.toMatchObject({ level: 'ok', message: '70 % used (27 GB of 39 GB)', measures: [{ value: 69.3 }] });
    expect(asked[0]?.argv).toEqual(['/usr/sbin/sysctl', '-n', 'kern.memorystatus_vm_pressure_level']);
  });

  it('takes the kernel’s warning as a warning and its critical as an error', async () => {
    await expect(onMac('2').found).resolves.toMatchObject({ level: 'warning', reason: 'pressure-warning' });
    await expect(onMac('4').found).resolves.toMatchObject({ level: 'error', reason: 'pressure-critical' });
  });

  it('says when the level could not be read', async () => {
    const { found } = onMac('', { kind: 'not-started', code: 'ENOENT', message: '' } as CommandResult);
    await expect(found).resolves.toMatchObject({ level: 'ok', message: expect.stringContaining('the pressure level could not be read') });
  });
});
