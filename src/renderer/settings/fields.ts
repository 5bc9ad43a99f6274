// The schema of the configuration as fields of a form: one kind of control for each, with its label, help, default and
// limits. Reads JSON Schema as the operation `schema` gives it. Pure; touches nothing.
import type { Json } from './json-text.ts';
import { valueAt } from './path.ts';

interface Schema {
  readonly type?: string;
  readonly const?: string;
  readonly description?: string;
  readonly default?: Json;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}
interface Variant {
  readonly type: string;
  readonly fields: readonly Field[];
}
export interface Field {
  readonly key: string;
  readonly label: string;
  readonly help: string;
  readonly required: boolean;
  /** What it takes is a number or as short as one. */
  readonly isShort: boolean;
  /** Where the rest of the file says what holds while this is absent. */
  readonly from: readonly string[] | undefined;
  /** Value that holds while the key is absent. */
  readonly fallback: Json | undefined;
  /** Shown in an empty control: the default, or an example of what fits. */
  readonly example: string;
  readonly control:
    | { readonly kind: 'text' | 'number' | 'boolean' | 'json' }
    | { readonly kind: 'choice'; readonly choices: readonly string[] }
    | { readonly kind: 'list'; readonly item: Field }
    | { readonly kind: 'map'; readonly item: Field }
    | { readonly kind: 'object'; readonly fields: readonly Field[] }
    | { readonly kind: 'union'; readonly variants: readonly Variant[] };
}
export type Control = Field['control'];

/** Where the key alone says too little. */
const LABELS: Readonly<Record<string, string>> = {
  id: 'ID',
  url: 'Address (URL)',
  cwd: 'Working folder',
  env: 'Environment variables',
  json: 'Values in the JSON answer',
  body: 'Text in the answer',
  run: 'Command',
  start: 'Start command',
  after: 'Command afterwards',
  find: 'Find the process by',
  keeper: 'Who keeps it',
  by: 'Kept by',
  at: 'Which of several',
  match: 'Match',
  pidFile: 'PID file',
  launchdLabel: 'launchd label',
  label: 'launchd label',
  maxCpu: 'Most CPU',
  maxMemory: 'Most memory',
  min: 'At least this many',
  minFree: 'Least free space',
  minInodes: 'Least free inodes',
  clearAt: 'Well again at',
  maxUsed: 'Most memory in use',
  maxLatency: 'Slowest answer',
  recovery: 'Repairs',
  tools: 'More build programs',
  ignore: 'Programs that hold nothing',
  proposed: 'Proposed repairs',
  check: 'What is looked at',
  afterFailures: 'Alert after failures',
  maxAttempts: 'Most attempts',
  standDown: 'Waits after giving up',
  enabled: 'On',
  about: 'Note',
};
const EXAMPLES = ['30s', '10%', '100MB'];
/** Keys of the file in a help text: `alerts.cooldown`, maxAttempts. */
const KEYS = /`(?:\w+\.)?([a-z]+[A-Za-z]*)`|\b([a-z]+[A-Z]\w*)/g;
const named = (_: string, quoted?: string, bare?: string) => `“${labelOf(quoted ?? bare ?? '')}”`;

/** `retryInterval` → "Retry interval". */
export function labelOf(key: string): string {
  const words = key
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('-', ' ')
    .toLowerCase();
  return LABELS[key] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** The fields of the whole file, in the order of the schema. Unknown parts of a schema become fields for any JSON. */
export function fieldsOf(schema: object): readonly Field[] {
  return members(schema as Schema);
}

function members({ properties = {}, required = [] }: Schema): Field[] {
  return Object.entries(properties).flatMap(([key, schema]) =>
    schema.const === undefined ? [fieldOf(key, schema, required.includes(key))] : [],
  );
}

function fieldOf(key: string, schema: Schema, required: boolean): Field {
  return {
    key,
    label: labelOf(key),
    // The number of a rule helps who reads the documents, not who fills a form.
    help: (schema.description ?? '')
      .replace(/ \((R\d+(, )?)+\)/g, '')
      .replace(/^false: /, 'Off: ')
      .replace(KEYS, named),
    from: /\bown `([\w.]+)`/.exec(schema.description ?? '')?.[1]?.split('.'),
    isShort: schema.type === 'integer' || unitOf(schema) !== undefined,
    required,
    fallback: schema.default,
    example: exampleOf(schema),
    control: controlOf(schema),
  };
}

function exampleOf(schema: Schema): string {
  const { default: fallback } = schema;
  if (typeof fallback === 'string' || typeof fallback === 'number') return String(fallback);
  const fit = unitOf(schema);
  return fit ? `like ${fit}` : '';
}

/** The example that fits a pattern of amounts; other patterns take any word too. */
function unitOf({ pattern }: Schema): string | undefined {
  const form = new RegExp(pattern ?? '');
  return form.test('word') ? undefined : EXAMPLES.find((one) => form.test(one));
}

function controlOf(schema: Schema): Control {
  if (schema.oneOf?.every(({ properties }) => properties?.['type']?.const !== undefined)) {
    return {
      kind: 'union',
      variants: schema.oneOf.map((variant) => ({ type: variant.properties?.['type']?.const ?? '', fields: members(variant) })),
    };
  }
  if (schema.enum) return { kind: 'choice', choices: schema.enum };
  switch (schema.type) {
    case 'string':
      return { kind: 'text' };
    case 'integer':
    case 'number':
      return { kind: 'number' };
    case 'boolean':
      return { kind: 'boolean' };
    case 'array':
      return { kind: 'list', item: fieldOf('', schema.items ?? {}, true) };
    case 'object':
      if (schema.properties) return { kind: 'object', fields: members(schema) };
      return { kind: 'map', item: fieldOf('', typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {}, true) };
    default:
      return { kind: 'json' };
  }
}

/** What holds while the key is absent: the default, or what the rest of the file gives where the help says "own `…`". */
export function exampleIn({ from, example }: Field, fields: readonly Field[], value: unknown): string {
  if (!from) return example;
  const written = valueAt(value, from);
  if (typeof written === 'string' || typeof written === 'number') return String(written);
  return fieldAt(fields, from)?.example ?? example;
}

function fieldAt(fields: readonly Field[], [key, ...rest]: readonly string[]): Field | undefined {
  const field = fields.find((one) => one.key === key);
  if (rest.length === 0) return field;
  return field?.control.kind === 'object' ? fieldAt(field.control.fields, rest) : undefined;
}

/** What a control's text means in the file: a number where one is asked for, else the text itself, for the engine to judge. */
export function typed(control: Control, text: string): Json {
  if (control.kind === 'number') return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
  if (control.kind !== 'json') return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** The other way: the value as the control shows it. */
export function shown(control: Control, value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return JSON.stringify(value);
  // A text that reads as something else is shown as JSON, so that it stays a text.
  return control.kind === 'json' && typed(control, value) !== value ? JSON.stringify(value) : value;
}

/** The first value of a new entry: what is required, empty. */
export function blankOf(control: Control, variant?: string): Json {
  switch (control.kind) {
    case 'boolean':
      return false;
    case 'list':
      return [''];
    case 'map':
      return {};
    case 'object':
      return blankMembers(control.fields);
    case 'union': {
      const chosen = control.variants.find(({ type }) => type === variant) ?? control.variants[0];
      return { type: chosen?.type ?? '', ...blankMembers(chosen?.fields ?? []) };
    }
    default:
      return '';
  }
}

function blankMembers(fields: readonly Field[]): { [key: string]: Json } {
  return Object.fromEntries(fields.filter(({ required }) => required).map(({ key, control }) => [key, blankOf(control)]));
}
