// The configuration's schema as JSON Schema, for editors and for `jarvis-health schema`. Draft 07, which VS Code
// completes fully (it supports 2020-12 in part only: code.visualstudio.com/docs/languages/json). Pure; touches nothing.
import * as z from 'zod';
import { configSchema } from '../../contract/config.ts';

/** Line of the text that tells of which version it is. */
export function schemaComment(version: string): string {
  return `"$comment": "Jarvis Health ${version}"`;
}

/** `config.schema.json` as text, two spaces, one line break at the end. */
export function configJsonSchemaText(version: string): string {
  const { $schema, ...rest } = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ $schema, $comment: `Jarvis Health ${version}`, title: 'Jarvis Health configuration', ...rest }, null, 2)}\n`;
}
