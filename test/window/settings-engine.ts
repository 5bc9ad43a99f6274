// The part of an engine that Settings and Watch talk to, over a file in memory and with the real judgement of it: what is
// wrong in these tests is what the engine finds wrong. Knows the mock's answers, touches nothing else.
import type { DiscoveredView } from '../../src/contract/operations.ts';
import { configJsonSchemaText } from '../../src/engine/keep/config-json-schema.ts';
import { checkConfig } from '../../src/engine/keep/config-problems.ts';
import { type MockApi, Refusal } from './mock-api.ts';

const FILE = '/Users/mia/Library/Application Support/Jarvis Health/config.json';

/** As `discover` wrote it at the first start, and a person has been at it since: watched, hardly anything repaired yet. */
export const CONFIG_TEXT = `{
  "$schema": "./config.schema.json",
  "interval": "5m", "retryInterval": "1m",
  "alerts":   { "afterFailures": 3, "cooldown": "1h" },
  "services": [
    { "id": "gateway", "name": "Gateway",
      "check": { "type": "process", "match": "/(^|\\\\/)clawdbot-gateway( |$)/" },
      "recovery": [ { "type": "command", "run": ["clawdbot", "gateway", "restart"], "timeout": "90s", "startWindow": "5m" } ] },
    { "id": "fitness-tracker", "name": "Fitness Tracker",
      "check": { "type": "http", "url": "http://127.0.0.1:3000/", "maxLatency": "2s" },
      "recovery": [],
      "proposed": [
        { "type": "restart-process", "find": { "port": 3000, "match": "app.py" },
          "start": ["python3", "app.py"], "cwd": "~/clawd/fitness-tracker" }
      ] },
    { "id": "hub-dashboard", "name": "Hub Dashboard", "dependsOn": ["gateway"],
      "check": { "type": "tcp", "port": 8080 }, "recovery": [] },
    { "id": "disk", "name": "Disk Space",
      "check": { "type": "disk", "path": "~", "minFree": "10%", "clearAt": "12%" },
      "recovery": [ { "type": "delete-old-logs", "paths": ["~/clawd/**/*.log.*"], "olderThan": "30d" } ] }
  ]
}
`;

const redis = { type: 'command', run: ['brew', 'services', 'restart', 'redis'] };
const notes = {
  type: 'restart-process',
  find: { port: 4100, match: 'notes/server.js' },
  start: ['node', 'server.js'],
  cwd: '~/code/notes',
};
const DISCOVERED: DiscoveredView[] = [
  {
    service: { id: 'redis', name: 'Redis', check: { type: 'tcp', port: 6379 }, recovery: [], proposed: [redis] },
    why: 'redis-server listens on port 6379. Homebrew looks after it and is asked to restart it.',
    kind: 'port',
    isWatched: false,
  },
  {
    service: {
      id: 'notes',
      name: 'Notes',
      check: { type: 'http', url: 'http://127.0.0.1:4100/' },
      recovery: [],
      proposed: [notes],
      cwd: '~/code/notes',
    },
    why: 'node listens on port 4100 and answers. The proposed remedy starts it again as it was started, without its own environment variables.',
    kind: 'port',
    isWatched: false,
  },
  {
    service: { id: 'memory', name: 'Memory', check: { type: 'memory', maxUsed: '90%' }, recovery: [] },
    why: 'Every machine can run out of it. No remedy is proposed: what may be ended is for a person to say.',
    kind: 'system',
    isWatched: false,
  },
  {
    service: { id: 'gateway', name: 'Gateway', check: { type: 'process', match: 'clawdbot-gateway' }, recovery: [] },
    why: 'The gateway is installed.',
    kind: 'gateway',
    isWatched: true,
  },
];

export interface FileEngine {
  /** The file, as anybody may write it. */
  text: string;
}

export function answerWithFile(mock: MockApi, first = CONFIG_TEXT, discovered: readonly DiscoveredView[] = DISCOVERED): FileEngine {
  const file: FileEngine = { text: first };
  const judge = (text: string) => checkConfig(text, 'config.json');
  const view = () => {
    const checked = judge(file.text);
    return { path: FILE, text: file.text, problems: checked.ok ? [] : checked.problems };
  };
  mock.answers.set('config', view);
  mock.answers.set('schema', () => JSON.parse(configJsonSchemaText('0.4.0')));
  mock.answers.set('discover', () => discovered);
  mock.answers.set('validate', ({ text }) => {
    const checked = judge(String(text));
    return checked.ok ? { ok: true, problems: [], warnings: checked.warnings } : { ok: false, problems: checked.problems, warnings: [] };
  });
  mock.answers.set('saveConfig', ({ text, base }) => {
    const checked = judge(String(text));
    if (!checked.ok) throw refusal(422, 'config-invalid', 'The configuration is refused.', { problems: checked.problems });
    if (base !== undefined && base !== file.text) throw refusal(409, 'conflict', 'config.json has changed since this edit began.', {});
    file.text = String(text);
    return view();
  });
  return file;
}

function refusal(status: number, title: string, detail: string, details: object): Refusal {
  return new Refusal(status, { title, detail, ...{ details } });
}
