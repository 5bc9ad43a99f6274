// Adding, removing, allowing and watching are changes of the file that the engine accepts.
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { configSchema } from '../../contract/config.ts';
import { JARVIS_PRESET } from '../../contract/preset.ts';
import { explainCheck, explainRemedy, typeName } from './explain.ts';
import { type Field, fieldsOf } from './fields.ts';
import { jsonOf } from './json-text.ts';
import {
  addService,
  allowAllRepairs,
  allowRepair,
  dependents,
  nameOf,
  programPlace,
  removeService,
  servicesOf,
  watchService,
} from './services.ts';

const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
const services = fieldsOf(schema).find(({ key }) => key === 'services');
const service = (services?.control.kind === 'list' ? services.control.item : undefined) as Field;
const remedy = { type: 'command', run: ['brew', 'services', 'restart', 'redis'] };
const FILE = `{
  "services": [
    { "id": "db", "check": { "type": "tcp", "port": 5432 } },
    { "id": "web", "name": "Web", "check": { "type": "http", "url": "http://127.0.0.1:3000/" }, "dependsOn": ["disk", "db"],
      "recovery": [],
      "proposed": [ ${JSON.stringify(remedy)} ] }
  ]
}
`;

describe('the list of services', () => {
  it('adds one with the required keys of its check and an id of its own', () => {
    const once = addService(FILE, service, 'tcp');
    expect(servicesOf(once)[2]).toEqual({ id: 'new-tcp', check: { type: 'tcp', port: '' } });
    expect(servicesOf(addService(once, service, 'tcp'))[3]?.['id']).toBe('new-tcp-2');
    expect(once.startsWith(FILE.slice(0, FILE.indexOf('"proposed"')))).toBe(true);
  });

  it('removes one, and its id where others depend on it', () => {
    expect(dependents(FILE, 0)).toEqual(['Web']);
    const left = removeService(FILE, 0);
    expect(servicesOf(left)).toMatchObject([{ id: 'web', dependsOn: ['disk'] }]);
    expect(nameOf(servicesOf(left)[0] ?? {}, 0)).toBe('Web');
    expect(nameOf({}, 3)).toBe('Service 4');
  });

  it('allows a proposed repair: it moves as it is written, and nothing else changes', () => {
    expect(allowRepair(FILE, 1, 0)).toBe(
      FILE.replace('"recovery": [],\n', `"recovery": [\n        ${JSON.stringify(remedy)}\n      ]`).replace(
        /,?\s+"proposed": \[.*\] \}/,
        ' }',
      ),
    );
  });

  it('allows one also where the file has no list of repairs yet', () => {
    const text = `{"services":[{"id":"a","check":{"type":"memory"},"proposed":[${JSON.stringify(remedy)},{"type":"log-top-processes"}]}]}`;
    expect(servicesOf(allowRepair(text, 0, 1))[0]).toMatchObject({ recovery: [{ type: 'log-top-processes' }], proposed: [remedy] });
  });

  it('watches what was discovered, with its repair proposed or allowed', () => {
    const found = { id: 'db', name: 'Redis', check: { type: 'tcp', port: 6379 }, recovery: [], proposed: [remedy] };
    expect(servicesOf(watchService(FILE, found, false))[2]).toEqual({ ...found, id: 'db-2' });
    const { proposed, ...rest } = found;
    expect(servicesOf(watchService(FILE, found, true))[2]).toEqual({ ...rest, id: 'db-2', recovery: proposed });
    expect(configSchema.safeParse(jsonOf(watchService(FILE, found, true))).success).toBe(true);
  });
});

describe('sentences', () => {
  it('says of each remedy what is allowed with it', () => {
    const sentences = JARVIS_PRESET.services.map(({ recovery }) => explainRemedy(recovery?.[0]));
    expect(sentences).toEqual([
      'May run: clawdbot gateway restart.',
      'May end the process that listens on port 3000 and matches app.py, and start it again: python3 app.py, in ~/clawd/fitness-tracker.',
      'May end the process that listens on port 8080 and matches hub-api.py, and start it again: python3 hub-api.py, in ~/clawd/dashboard.',
      'May delete files that match ~/clawd/**/*.log, ~/clawd/**/*.log.*, are older than 30 days and are not in use.',
      'May write down the 10 busiest processes; it changes nothing.',
      "May move the content of the check's log files into compressed archives and delete all but the newest 10 of each file.",
    ]);
    expect(explainRemedy({ type: 'auto', keeper: { by: 'pm2', name: 'web' } })).toBe('May ask pm2 to restart web.');
    expect(explainRemedy({ type: 'auto' })).toBe('May ask whoever keeps it running to restart it.');
    expect(explainRemedy({ type: 'launchd', label: 'com.x' })).toBe('May have macOS end and start the LaunchAgent com.x.');
    expect(explainRemedy({ type: 'http', url: 'http://127.0.0.1/x' })).toBe('May send a POST request to http://127.0.0.1/x.');
    expect(explainRemedy({ type: 'command', run: ['sh', '-c', 'a b'], cwd: '~/x' })).toBe('May run: sh -c "a b", in ~/x.');
    expect(explainRemedy({ type: 'restart-process', find: { pidFile: '~/a.pid', match: 'a' }, start: ['a'] })).toContain(
      'that ~/a.pid names and that matches a',
    );
    expect(explainRemedy({})).toContain('of the type');
  });

  it('has a name and a sentence for every type of the schema', () => {
    const members = service.control.kind === 'object' ? service.control.fields : [];
    for (const key of ['check', 'recovery'] as const) {
      const control = members.find((field) => field.key === key)?.control;
      const union = control?.kind === 'list' ? control.item.control : control;
      for (const { type } of union?.kind === 'union' ? union.variants : []) {
        if (key === 'recovery') expect(explainRemedy({ type })).not.toContain('of the type');
        else expect(explainCheck({ type })).not.toBe(type);
        expect(typeName(type, key === 'check' ? 'check' : 'remedy')).toMatch(/^[A-Z]/);
      }
    }
  });
});

it('every proposed repair is allowed at once; the place of a program that was not found', () => {
  const remedy = { type: 'command', run: ['clawdbot', 'restart'] };
  const text = JSON.stringify({
    services: [
      { id: 'a', check: { type: 'command', run: ['look'] }, recovery: [], proposed: [remedy, { ...remedy, run: ['b'] }] },
      { id: 'b', check: { type: 'tcp', port: 1 }, proposed: [remedy] },
      { id: 'c', check: { type: 'tcp', port: 2 } },
    ],
  });
  const services = servicesOf(allowAllRepairs(text));
  expect(services.map(({ recovery }) => recovery)).toEqual([[remedy, { ...remedy, run: ['b'] }], [remedy], undefined]);
  expect(services.flatMap(({ proposed }) => proposed ?? [])).toEqual([]);
  const [a = {}, b = {}] = services;
  expect(programPlace(a, 'check')).toEqual(['check', 'run', 0]);
  expect(programPlace(b, 'check')).toBeUndefined();
  expect(programPlace(b, 'repair', 'command')).toEqual(['recovery', 0, 'run', 0]);
  expect(programPlace(b, 'repair', 'restart-process')).toBeUndefined();
});
