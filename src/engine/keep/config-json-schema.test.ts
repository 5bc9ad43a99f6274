import { describe, expect, it } from 'vitest';
import { configJsonSchemaText } from './config-json-schema.ts';

type Schema = { [key: string]: unknown };
const schema = JSON.parse(configJsonSchemaText('1.2.3')) as Schema;

function* objects(node: unknown, path: string): Generator<{ path: string; node: Schema }> {
  if (typeof node !== 'object' || node === null) return;
  if ('properties' in node) yield { path, node: node as Schema };
  for (const [key, inner] of Object.entries(node)) yield* objects(inner, `${path}/${key}`);
}
const all = [...objects(schema, '')];

describe('config.schema.json', () => {
  it('is draft 07 and allows the reference to itself', () => {
    expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
    expect(schema['properties']).toHaveProperty('$schema');
    expect(schema['required']).toEqual(['services']);
  });

  it('knows all objects: the file, alerts, recovery, services, checks, and remedies in both lists', () => {
    expect(all.length).toBeGreaterThan(20);
  });

  it('refuses unknown keys everywhere', () => {
    expect(all.filter(({ node }) => node['additionalProperties'] !== false).map(({ path }) => path)).toEqual([]);
  });

  it('describes every key, so that an editor shows what it is', () => {
    const bare = all.flatMap(({ path, node }) =>
      Object.entries(node['properties'] as Record<string, Schema>)
        .filter(([, property]) => property['description'] === undefined && property['const'] === undefined)
        .map(([key]) => `${path}/${key}`),
    );
    expect(bare).toEqual([]);
  });
});
