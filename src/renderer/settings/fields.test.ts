// The real schema of the configuration becomes a form: every key has its control.
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { configSchema } from '../../contract/config.ts';
import { JARVIS_PRESET } from '../../contract/preset.ts';
import { blankOf, type Control, exampleIn, type Field, fieldsOf, shown, typed } from './fields.ts';
import { countBelow, placeProblems, problemText } from './problems.ts';

const fields = fieldsOf(z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }));
const find = (from: readonly Field[], key: string) => from.find((field) => field.key === key) as Field;
const membersOf = (field: Field) => (field.control.kind === 'object' ? field.control.fields : []);
const service = (() => {
  const { control } = find(fields, 'services');
  return control.kind === 'list' ? control.item : (undefined as never);
})();
const variantsOf = ({ control }: Field) => (control.kind === 'union' ? control.variants : []);

describe('fields of the schema', () => {
  it('names each kind of control once', () => {
    expect(find(fields, 'retryInterval')).toMatchObject({
      label: 'Retry interval',
      example: '1m',
      required: false,
      control: { kind: 'text' },
    });
    expect(find(fields, 'concurrency').control.kind).toBe('number');
    expect(find(membersOf(find(fields, 'recovery')), 'enabled')).toMatchObject({ control: { kind: 'boolean' }, fallback: true });
    expect(find(membersOf(find(fields, 'alerts')), 'channels').control).toMatchObject({
      kind: 'list',
      item: { control: { kind: 'choice', choices: ['notification', 'queue'] } },
    });
    expect(find(membersOf(service), 'id').required).toBe(true);
  });

  it('makes one variant of each type of check and remedy, without the type itself', () => {
    const checks = variantsOf(find(membersOf(service), 'check'));
    expect(checks.map(({ type }) => type)).toEqual(['process', 'tcp', 'http', 'disk', 'memory', 'log-files', 'command']);
    const http = checks.find(({ type }) => type === 'http')?.fields ?? [];
    expect(http.map(({ key }) => key)).not.toContain('type');
    expect(find(http, 'headers').control).toMatchObject({ kind: 'map', item: { control: { kind: 'text' } } });
    expect(find(http, 'json').control).toMatchObject({ kind: 'map', item: { control: { kind: 'json' } } });
    expect(find(http, 'maxLatency').example).toBe('like 30s');
    const recovery = find(membersOf(service), 'recovery').control;
    expect(recovery.kind === 'list' && variantsOf(recovery.item).length).toBe(8);
  });

  it('leaves the numbers of rules out of the help', () => {
    expect(find(fields, 'interval').help).toBe('A healthy service is checked this often.');
  });

  it('names other fields as the form names them, and shows what they give', () => {
    expect(find(membersOf(find(fields, 'recovery')), 'window').help).toBe('At most “Most attempts” in this time.');
    expect(find(membersOf(service), 'enabled').help).toMatch(/^Off: /);
    expect(find(membersOf(service), 'cwd').help).toContain('working folder of its remedies');
    const cooldown = find(membersOf(service), 'cooldown');
    expect(cooldown.help).toBe("This service's own “Cooldown”.");
    expect(exampleIn(cooldown, fields, {})).toBe('1h');
    expect(exampleIn(cooldown, fields, { alerts: { cooldown: '2h' } })).toBe('2h');
    expect(cooldown.isShort).toBe(true);
    expect(find(membersOf(service), 'id').isShort).toBe(false);
  });

  it('has a control for every value of the preset', () => {
    const check = (control: Control | undefined, value: unknown, place: string): void => {
      expect(control, place).toBeDefined();
      if (Array.isArray(value))
        for (const [n, one] of value.entries()) check(control?.kind === 'list' ? control.item.control : undefined, one, `${place}[${n}]`);
      else if (typeof value === 'object' && value !== null && control?.kind !== 'map') {
        const type = (value as { type?: string }).type;
        const inner =
          control?.kind === 'union'
            ? (control.variants.find((one) => one.type === type)?.fields ?? [])
            : control?.kind === 'object'
              ? control.fields
              : [];
        for (const [key, one] of Object.entries(value)) {
          if (key !== 'type' || control?.kind !== 'union') check(inner.find((field) => field.key === key)?.control, one, `${place}.${key}`);
        }
      }
    };
    for (const [key, value] of Object.entries(JARVIS_PRESET)) check(fields.find((field) => field.key === key)?.control, value, key);
  });

  it('starts a new entry with what is required', () => {
    expect(blankOf(find(membersOf(service), 'check').control, 'tcp')).toEqual({ type: 'tcp', port: '' });
    const recovery = find(membersOf(service), 'recovery').control;
    const item = recovery.kind === 'list' ? recovery.item.control : ({ kind: 'text' } as const);
    expect(blankOf(item, 'restart-process')).toEqual({ type: 'restart-process', find: {}, start: [''] });
  });

  it('reads what was typed as the file needs it, and keeps what does not fit', () => {
    expect(typed({ kind: 'number' }, '80')).toBe(80);
    expect(typed({ kind: 'number' }, '80x')).toBe('80x');
    expect(typed({ kind: 'text' }, '80')).toBe('80');
    for (const value of [true, 'live', 'true', { a: [1] }, null, 5])
      expect(typed({ kind: 'json' }, shown({ kind: 'json' }, value))).toEqual(value);
  });
});

describe('problems at their fields', () => {
  const problem = (path: string, found = 'x') => ({ path, line: 1, column: 1, found, allowed: 'y', message: '' });
  const value = { services: [{ check: { type: 'tcp' } }, { check: { type: 'odd' }, recovery: [{ type: 'http' }], dependsOn: ['a'] }] };

  it('goes to the field, the group, or the top', () => {
    const placed = placeProblems(
      [
        problem('interval'),
        problem('services[0].check.port'),
        problem('services[0].check.url'),
        problem('services[1].check'),
        problem('services[1].check.port'),
        problem('services[1].recovery[0].url'),
        problem('services[1].dependsOn[0]'),
        problem('services[1].dependsOn[4]'),
        problem('nonsense'),
        problem(''),
      ],
      fields,
      value,
    );
    expect([...placed.at.keys()]).toEqual([
      'interval',
      'services[0].check.port',
      'services[1].check',
      'services[1].recovery[0].url',
      'services[1].dependsOn[0]',
    ]);
    expect(placed.top.map(({ path }) => path)).toEqual([
      'services[0].check.url',
      'services[1].check.port',
      'services[1].dependsOn[4]',
      'nonsense',
      '',
    ]);
    expect(countBelow(placed, ['services', 1])).toBe(3);
    expect(placeProblems([problem('interval')], fields, undefined).top).toHaveLength(1);
  });

  it('says what was found, what fits and what was meant', () => {
    expect(problemText({ ...problem('interval', 'text "5 min"'), nearest: '5m' })).toBe('Found text "5 min"; it takes y. Did you mean 5m?');
    expect(problemText(problem('services[0].id', 'nothing'))).toBe('Missing: it takes y.');
  });
});
