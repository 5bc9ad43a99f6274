import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiEngine, startApi } from '../../test/fixtures/api-engine.ts';
import { ROUTES } from '../contract/routes.ts';
import { openapiText } from './openapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes
const document = JSON.parse(openapiText('1.2.3')) as any;
let api: ApiEngine;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

it('holds to the official schema of OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  expect(result).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  const broken = structuredClone(document);
  delete broken.info.title;
  expect((await validator.validate(broken)).valid).toBe(false);
});

it('names every operation of the table, with its parameters and body', () => {
  for (const [name, { method, path, kind }] of Object.entries(ROUTES)) {
    const operation = document.paths[path.replace(':id', '{id}')][method.toLowerCase()];
    expect(operation).toMatchObject({ operationId: name, summary: expect.stringMatching(/\.$/) });
    expect(Boolean(operation.requestBody)).toBe(kind === 'command');
    const inPath = (operation.parameters ?? []).filter((parameter: { in: string }) => parameter.in === 'path');
    expect(inPath.length).toBe(path.includes(':id') ? 1 : 0);
  }
  const history = document.paths['/api/v1/history'].get.parameters;
  expect(history.map(({ name, required }: { name: string; required: boolean }) => [name, required])).toEqual([
    ['service', true],
    ['from', true],
    ['to', true],
    ['points', false],
    ['metric', false],
  ]);
  expect(document.paths['/api/v1/config/validate'].post.requestBody.content['application/json'].schema.required).toEqual(['text']);
  for (const path of ['/api/v1/events', '/metrics', '/healthz', '/openapi.json']) expect(document.paths[path]).toBeDefined();
});

it('every reference leads somewhere', () => {
  for (const [, reference] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = reference?.split('/').reduce((at, step) => at?.[step], document);
    expect(found, reference).toBeDefined();
  }
});

it('real answers have the shapes that it tells', async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'api');
  const shape = (path: string, method: string, status: number | 'default', type = 'application/json') => {
    const responses = `/paths/${path.replaceAll('/', '~1')}/${method}/responses/${status}`;
    return status === 'default'
      ? 'api#/components/schemas/Problem'
      : `api#${responses}/content/${type.replaceAll('/', '~1')}/schema`.replaceAll('{', '%7B').replaceAll('}', '%7D');
  };
  const holds = (reference: string, body: unknown): void => {
    const isValid = ajv.validate({ $ref: reference }, body);
    expect(isValid, `${reference}: ${ajv.errorsText()}`).toBe(true);
  };
  for (const path of ['/api/v1/status', '/api/v1/trail', '/api/v1/incidents', '/api/v1/alerts', '/api/v1/config', '/healthz']) {
    holds(shape(path, 'get', 200), (await api.ask(path)).body);
  }
  holds(shape('/api/v1/services/{id}', 'get', 200), (await api.ask('/api/v1/services/web')).body);
  holds(shape('/api/v1/services/{id}/check', 'post', 200), (await api.ask('/api/v1/services/web/check', { method: 'POST' })).body);
  const text = JSON.stringify({ text: '{"services": 1}' });
  holds(shape('/api/v1/config/validate', 'post', 200), (await api.ask('/api/v1/config/validate', { method: 'POST', body: text })).body);
  holds(shape('', '', 'default'), (await api.ask('/api/v1/config', { method: 'PUT', body: text })).body);
  holds(shape('', '', 'default'), (await api.ask('/api/v1/nothing')).body);
  expect(ajv.validate({ $ref: 'api#/components/schemas/Snapshot' }, { version: 2 })).toBe(false);
});

it('docs/api.md names every address', () => {
  const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const rows = Object.entries(ROUTES).map(([name, { method, path }]) => {
    const { summary } = document.paths[path.replace(':id', '{id}')][method.toLowerCase()];
    return `| \`${method} ${path.replace('/api/v1/', '')}\` | ${name} | ${summary} |`;
  });
  for (const row of rows) expect(page).toContain(row);
});
