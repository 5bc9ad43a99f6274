import { expect, test } from 'vitest';
import { type ConfigInput, configSchema, resolveConfig, type ServiceConfig } from '../../contract/config.ts';
import { repairsOf, type TriedRemedy } from './rank.ts';

type Remedy = NonNullable<ConfigInput['services'][number]['recovery']>[number];
const service = (...recovery: Remedy[]): ServiceConfig =>
  resolveConfig(configSchema.parse({ services: [{ id: 'app', check: { type: 'tcp', port: 1 }, recovery }] })).services[0] as ServiceConfig;
const reload: Remedy = { type: 'command', run: ['reload-app'] };
const restart: Remedy = { type: 'command', run: ['restart-app'] };
const tries = (action: string | null, outcome: string, count: number, seconds: number | null = null): TriedRemedy[] =>
  Array.from({ length: count }, () => ({ remedy: 'command', action, outcome, seconds }));

test('nothing tried, nothing told', () => {
  expect(repairsOf(service(reload), [])).toBeUndefined();
});

test('each remedy has its own share and its own median, in the order of the configuration', () => {
  const tried = [
    ...tries('reload-app', 'failed', 4),
    ...tries('reload-app', 'succeeded', 1, 3),
    ...tries('restart-app', 'succeeded', 3, 8),
  ];
  expect(repairsOf(service(reload, restart), tried)?.remedies).toEqual([
    { remedy: 'command', action: 'reload-app', attempts: 5, succeeded: 1, medianSeconds: 3 },
    { remedy: 'command', action: 'restart-app', attempts: 3, succeeded: 3, medianSeconds: 8 },
  ]);
});

test('a better order is put into words, with what speaks for it', () => {
  const tried = [...tries('reload-app', 'failed', 4), ...tries('restart-app', 'succeeded', 3, 8)];
  expect(repairsOf(service(reload, restart), tried)?.advice).toBe(
    '"restart-app" helped 3 of 3 times, in 8.0 s as a rule, and "reload-app" helped 0 of 4 times, which is tried before it. The other order would do better.',
  );
  expect(repairsOf(service(restart, reload), tried)?.advice).toBeNull();
});

test('two tries prove nothing; a refusal is no failure; as good and much faster is better', () => {
  expect(
    repairsOf(service(reload, restart), [...tries('reload-app', 'failed', 2), ...tries('restart-app', 'succeeded', 9)])?.advice,
  ).toBeNull();
  const refused = [...tries('reload-app', 'refused', 9), ...tries('restart-app', 'succeeded', 3, 5)];
  expect(repairsOf(service(reload, restart), refused)).toMatchObject({ advice: null, remedies: [{ attempts: 0 }, { attempts: 3 }] });
  const slow = [...tries('reload-app', 'succeeded', 3, 60), ...tries('restart-app', 'succeeded', 3, 5)];
  expect(repairsOf(service(reload, restart), slow)?.advice).toMatch(/^"restart-app"/);
});

test('what an older version recorded counts where only one remedy can be meant', () => {
  expect(repairsOf(service(reload), tries(null, 'succeeded', 2, 4))?.remedies[0]).toMatchObject({ attempts: 2, medianSeconds: 4 });
  expect(repairsOf(service(reload, restart), tries(null, 'succeeded', 2, 4))).toBeUndefined();
});
