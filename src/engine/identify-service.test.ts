// Who is only called like a service (R13): by what another service of the configuration is known to run.
import { describe, expect, it } from 'vitest';
import { probeContext } from '../../test/fixtures/probe-context.ts';
import { type ConfigInput, configSchema, resolveConfig } from '../contract/config.ts';
import { type Cell, newCell } from './cell.ts';
import { newHealth } from './decide/advance-health.ts';
import { newRecovery } from './decide/advance-recovery.ts';
import { newAlertState } from './decide/alert.ts';
import { othersOf } from './identify-service.ts';

const at = { wallMs: 0, bootMs: 0, awakeMs: 0, boot: 'b' };
const one = { pid: 101, startId: 'one' };
const two = { pid: 102, startId: 'two' };

function cellOf(id: string, port: number, cwd: string | undefined, listening: Cell['listening']): Cell {
  const remedy = {
    type: 'restart-process',
    find: { port, match: 'app.py' },
    start: ['python3', 'app.py'],
    ...(cwd === undefined ? {} : { cwd }),
  };
  const input = { services: [{ id, check: { type: 'tcp', port }, recovery: [remedy] }] } as ConfigInput;
  const [service] = resolveConfig(configSchema.parse(input)).services;
  if (!service) throw new Error('no service');
  const state = { health: newHealth(at), recovery: newRecovery(), alert: newAlertState() };
  const cell = newCell(service, state, { ...probeContext(), userHome: '/home/mia', memory: new Map() });
  cell.listening = listening;
  return cell;
}

describe('the processes of another service', () => {
  it('with another port and another folder are others', () => {
    const shop = cellOf('shop', 3000, '~/shop', [one]);
    const blog = cellOf('blog', 3001, '~/blog', [two]);
    const three = { pid: 103, startId: 'three' };
    shop.state = { ...shop.state, recovery: { ...shop.state.recovery, started: [three] } };
    expect(othersOf(blog, [shop, blog])).toEqual({ listening: [one], started: [three] });
    expect(othersOf(shop, [shop, blog])).toEqual({ listening: [two], started: [] });
  });

  it.each([
    ['the same folder: one process may serve two ports', 3001, '/home/mia/shop'],
    ['the same port: two checks of one service', 3000, '~/blog'],
    ['no folder', 3001, undefined],
  ])('may be its own with %s', (_, port, cwd) => {
    expect(othersOf(cellOf('blog', port, cwd, [two]), [cellOf('shop', 3000, '~/shop', [one])])).toEqual({ listening: [], started: [] });
  });

  it('are never its own', () => {
    const blog = cellOf('blog', 3001, '~/blog', [one]);
    expect(othersOf(blog, [cellOf('shop', 3000, '~/shop', [one, two])])).toEqual({ listening: [two], started: [] });
  });
});
