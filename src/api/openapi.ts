// The OpenAPI 3.1 document of the API, made from the one table of operations when it is first asked for. Shapes only.
// Long because it holds a sentence about every operation, which cannot be missing: the table would not compile.
import * as z from 'zod';
import { OPERATIONS } from '../contract/operations.ts';
import { type OperationName, ROUTES } from '../contract/routes.ts';

const SUMMARY: Record<OperationName, string> = {
  status: 'Everything at a glance: the whole snapshot.',
  service: 'One service.',
  trail: 'Lines of the audit trail, oldest first, at most the newest 50,000.',
  history: 'Points of a graph of one service.',
  overview: 'Day bars and a sparkline of every service.',
  incidents: 'What failed, what was tried, how it ended; newest first.',
  alerts: "The agent's queue.",
  config: 'The configuration as it stands in its file, also when it is refused.',
  schema: 'The JSON schema of the configuration.',
  discover: 'What runs on this machine and could be watched. Takes a few seconds.',
  validate: 'Judges a configuration; nothing is changed.',
  replay: 'What another configuration would have made of the past: alerts and repairs, beside those that there were.',
  saveConfig: 'Judges, saves and puts a configuration in force.',
  check: 'Looks now.',
  heal: 'Restarts a service now.',
  pause: 'Leaves a service alone, for a time or until resumed.',
  resume: 'Ends a pause.',
  ack: 'Acknowledges an alert: quiet until the service is well again.',
  start: 'Starts a service.',
  freePort: "Ends who holds the port of a service, by a person's word, and restarts the service.",
  stop: 'Stops a service on purpose: only a person starts it again.',
  claim:
    'Takes an alert from the queue, with the id `next` the one that waits longest (`null`: none waits); a claim expires after 30 minutes.',
  done: 'Finishes an alert.',
  release: 'Gives a claimed alert back.',
};

/** Shapes that stand once in the document, under their own names. */
const NAMED: readonly (readonly [string, z.ZodType])[] = [
  ['Snapshot', OPERATIONS.status.output],
  ['Service', OPERATIONS.service.output],
  ['Attempt', OPERATIONS.heal.output],
  ['Incident', OPERATIONS.incidents.output.element],
  ['TrailLine', OPERATIONS.trail.output.element],
  ['Series', OPERATIONS.history.output],
  ['Overview', OPERATIONS.overview.output],
  ['Alert', OPERATIONS.done.output],
  ['ConfigFile', OPERATIONS.config.output],
  ['JudgedConfig', OPERATIONS.validate.output],
  ['Replay', OPERATIONS.replay.output],
  ['Discovered', OPERATIONS.discover.output.element],
];

type Json = Record<string, unknown>;
const content = (type: string, schema: Json): Json => ({ content: { [type]: { schema } } });
const PROBLEM = { $ref: '#/components/responses/Problem' } as const;

let made: string | undefined;

/** The document as text. `version` is the program's. */
export function openapiText(version: string): string {
  made ??= JSON.stringify(document(version));
  return made;
}

function document(version: string): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of NAMED) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  const shapes = Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema as Json)]));
  const idOf = new Map(NAMED.map(([id, schema]) => [schema, id]));
  const shapeOf = (schema: z.ZodType): Json => {
    const id = idOf.get(schema);
    if (id !== undefined) return { $ref: `#/components/schemas/${id}` };
    if (schema instanceof z.ZodNullable) return { anyOf: [shapeOf(schema.unwrap() as z.ZodType), { type: 'null' }] };
    return schema instanceof z.ZodArray
      ? { type: 'array', items: shapeOf(schema.element as z.ZodType) }
      : bare(z.toJSONSchema(schema) as Json);
  };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Jarvis Health',
      version,
      description:
        'Over the control socket of the home, and over 127.0.0.1 where the engine was asked to listen there. Made from the one table of operations.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The engine that serves this document.' }],
    security: [{ token: [] }, { browser: [] }],
    paths: { ...tablePaths(shapeOf), ...OTHER_PATHS },
    components: {
      schemas: { ...shapes, Problem: PROBLEM_SHAPE },
      responses: {
        Problem: {
          description: 'What went wrong (RFC 9457).',
          ...content('application/problem+json', { $ref: '#/components/schemas/Problem' }),
        },
      },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The token in `api-token` of the home. Not needed on the control socket.' },
        browser: {
          type: 'apiKey',
          in: 'cookie',
          name: 'jarvis-health-PORT',
          description: 'Set by a one-time address (`jarvis-health open`).',
        },
      },
    },
  };
}

function tablePaths(shapeOf: (schema: z.ZodType) => Json): Record<string, Json> {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(ROUTES) as [OperationName, (typeof ROUTES)[OperationName]][]) {
    const address = route.path.replace(':id', '{id}');
    const { input, output } = OPERATIONS[name];
    // What comes out of the input's judging: a number in an address is text that is read as a number.
    const {
      properties = {},
      required = [],
      ...shape
    } = bare(z.toJSONSchema(input) as Json) as Json & { properties?: Json; required?: string[] };
    const { id, ...fields } = properties;
    const needed = required.filter((key) => key !== 'id');
    const parameters = [
      ...(id === undefined ? [] : [{ name: 'id', in: 'path', required: true, schema: id }]),
      ...(route.kind === 'query'
        ? Object.entries(fields).map(([key, schema]) => ({ name: key, in: 'query', required: needed.includes(key), schema }))
        : []),
    ];
    const body = { ...shape, properties: fields, ...(needed.length > 0 ? { required: needed } : {}) };
    paths[address] = {
      ...paths[address],
      [route.method.toLowerCase()]: {
        operationId: name,
        summary: SUMMARY[name],
        ...(parameters.length > 0 ? { parameters } : {}),
        ...(route.kind === 'command' ? { requestBody: { required: needed.length > 0, ...content('application/json', body) } } : {}),
        responses: {
          200: { description: 'Done.', ...content('application/json', shapeOf(output)) },
          ...(name === 'heal' || name === 'start'
            ? { 202: { description: 'Under way; its outcome follows.', ...content('application/json', shapeOf(output)) } }
            : {}),
          default: PROBLEM,
        },
      },
    };
  }
  return paths;
}

const OTHER_PATHS: Record<string, Json> = {
  '/api/v1/events': {
    get: {
      operationId: 'events',
      summary: 'Server-sent events: the whole snapshot first, then one for each change; `beat` while nothing happens.',
      parameters: [
        {
          name: 'Last-Event-ID',
          in: 'header',
          schema: { type: 'string' },
          description: 'The id of the last event that was seen: what is still true is not sent again.',
        },
      ],
      responses: {
        200: {
          description: 'Events named `snapshot`, whose data is a Snapshot as JSON.',
          ...content('text/event-stream', { type: 'string' }),
        },
        default: PROBLEM,
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      summary: 'For Prometheus.',
      responses: { 200: { description: 'Text format 0.0.4.', ...content('text/plain', { type: 'string' }) }, default: PROBLEM },
    },
  },
  '/healthz': {
    get: {
      operationId: 'healthz',
      summary: 'Is the engine there?',
      security: [],
      responses: {
        200: {
          description: 'It is.',
          ...content('application/json', { type: 'object', properties: { ok: { const: true } }, required: ['ok'] }),
        },
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'This document.',
      security: [],
      responses: { 200: { description: 'OpenAPI 3.1.', ...content('application/json', { type: 'object' }) } },
    },
  },
};

const PROBLEM_SHAPE = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', description: '`urn:jarvis-health:` and the code.' },
    title: { type: 'string', description: 'The stable code: `usage`, `not-found`, `conflict`, `refused`, `config-invalid`, …' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'One sentence for people.' },
    hint: { type: 'string', description: 'What to do about it.' },
    details: { type: 'object', description: 'The named reason, the problems of a configuration, whatever a program may want.' },
  },
} as const;

/** Without what only a document of its own has. */
function bare({ $schema: _schema, $id: _id, ...schema }: Json): Json {
  return schema;
}
