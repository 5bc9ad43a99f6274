// The configuration that `init --preset jarvis` writes: the six services of PRODUCT section 4, repairs allowed,
// because a person asked for them by name. A value; touches nothing.
import type { ConfigInput } from './config.ts';

export const JARVIS_PRESET: ConfigInput = {
  $schema: './config.schema.json',
  interval: '5m',
  retryInterval: '1m',
  concurrency: 32,
  alerts: { afterFailures: 3, cooldown: '1h', channels: ['notification', 'queue'] },
  recovery: { enabled: true, cooldown: '5m', maxAttempts: 3, window: '30m', standDown: ['30m', '2h', '6h'] },
  services: [
    {
      id: 'gateway',
      name: 'Gateway',
      check: { type: 'process', match: '/(^|\\/)clawdbot-gateway( |$)/' },
      recovery: [{ type: 'command', run: ['clawdbot', 'gateway', 'restart'], timeout: '90s', startWindow: '5m' }],
    },
    {
      id: 'fitness-tracker',
      name: 'Fitness Tracker',
      dependsOn: [],
      check: { type: 'http', url: 'http://127.0.0.1:3000/' },
      recovery: [
        {
          type: 'restart-process',
          find: { port: 3000, match: 'app.py' },
          start: ['python3', 'app.py'],
          cwd: '~/clawd/fitness-tracker',
          log: '~/clawd/fitness-tracker/app.log',
        },
      ],
    },
    {
      id: 'hub-dashboard',
      name: 'Hub Dashboard',
      check: { type: 'tcp', port: 8080 },
      recovery: [
        {
          type: 'restart-process',
          find: { port: 8080, match: 'hub-api.py' },
          start: ['python3', 'hub-api.py'],
          cwd: '~/clawd/dashboard',
        },
      ],
    },
    {
      id: 'disk',
      name: 'Disk Space',
      check: { type: 'disk', path: '~', minFree: '10%', clearAt: '12%' },
      recovery: [{ type: 'delete-old-logs', paths: ['~/clawd/**/*.log', '~/clawd/**/*.log.*'], olderThan: '30d' }],
    },
    {
      id: 'memory',
      name: 'Memory',
      check: { type: 'memory', maxUsed: '90%', clearAt: '85%' },
      recovery: [{ type: 'log-top-processes', count: 10 }],
    },
    {
      id: 'log-files',
      name: 'Log Files',
      check: { type: 'log-files', paths: ['~/clawd/monitoring/*.log'], maxSize: '100MB' },
      recovery: [{ type: 'rotate-logs', keep: 10 }],
    },
  ],
};
