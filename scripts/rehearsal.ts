// The report that shows what `alerts.afterFailures: 2` would have made of a week. The week is lived through by the simulation
// (test/simulation: the real core under a clock of its own), its lines are laid into a home as the engine would have written
// them, and the built command is asked. Always the same week. Run: `npm run build && npx node scripts/rehearsal.ts`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSim, HOUR, MINUTE, simService } from '../test/simulation/sim.ts';

const BIN = fileURLToPath(new URL('../bin/jarvis-health', import.meta.url));
const DAYS = 7;
const NAMES = ['shop', 'notes', 'search', 'mail'] as const;

/** Small, seeded: the same week every time. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

async function week() {
  const random = numbersFrom(11);
  const services = NAMES.map((id) => simService(id, { interval: '5m', ...(id === 'mail' ? { recovery: [] } : {}) }));
  const sim = await createSim({ services });
  for (let hour = 0; hour < DAYS * 24; hour += 2) {
    const id = NAMES[Math.floor(random() * NAMES.length)] as (typeof NAMES)[number];
    if (random() < 0.3) {
      const service = sim.service(id);
      // Now and then the repair does not help at once; mail has none, and comes back by itself.
      service.nature = { isCurable: random() < 0.6 };
      service.die();
      await sim.pass(Math.round((1.2 + random() * random() * 8) * MINUTE));
      service.nature = {};
      if (!service.isUp()) service.start();
      await sim.pass(20 * MINUTE);
    }
    await sim.pass(2 * HOUR - 20 * MINUTE);
  }
  return { sim, services };
}

const { sim, services } = await week();
const home = mkdtempSync(path.join(os.tmpdir(), 'jarvis-health-week-'));
try {
  const last = sim.log.at(-1)?.wallMs ?? 0;
  const shift = Date.now() - last - MINUTE;
  const logs = { health: [] as string[], recovery: [] as string[], alerts: [] as string[] };
  for (const entry of sim.log) {
    if (entry.kind !== 'audit') continue;
    const { event } = entry;
    const log = event.event.startsWith('recovery') ? 'recovery' : /^(alert|recovered|acknowledged)/.test(event.event) ? 'alerts' : 'health';
    logs[log].push(`${JSON.stringify({ at: new Date(entry.wallMs + shift).toISOString(), ...event })}\n`);
  }
  for (const [name, lines] of Object.entries(logs)) writeFileSync(path.join(home, `${name}.log`), lines.join(''), { mode: 0o600 });
  const config = (more: object) =>
    `${JSON.stringify({ ...more, services: services.map((service, index) => ({ ...service, check: { type: 'tcp', port: index + 1 } })) }, null, 2)}\n`;
  writeFileSync(path.join(home, 'config.json'), config({}), { mode: 0o600 });
  const next = path.join(home, 'new.json');
  writeFileSync(next, config({ alerts: { afterFailures: 2 } }), { mode: 0o600 });
  process.stdout.write('$ jarvis-health replay --config new.json --since 7d    # new.json: alerts.afterFailures 2 instead of 3\n');
  process.stdout.write(execFileSync(BIN, ['replay', '--config', next, '--since', '7d', '--home', home], { encoding: 'utf8' }));
} finally {
  rmSync(home, { recursive: true });
}
