// The raw value of a configuration, before anybody has checked its types, with the tree that knows its positions.
// Pure; touches nothing.
import type { Node } from 'jsonc-parser';
import { parseDuration } from '../../contract/units.ts';
import { type Finding, nodeAt, type Path, positionsIn } from './config-tree.ts';

/** An object of the file whose types nobody has checked yet. */
export type Raw = { readonly [K in RawKey]?: unknown };
type RawKey =
  | ('services' | 'interval' | 'retryInterval' | 'id' | 'dependsOn' | 'check' | 'recovery' | 'proposed' | 'holdDuringBuilds')
  | ('type' | 'status' | 'paths' | 'path' | 'pidFile' | 'cwd' | 'log' | 'logs' | 'find');
export interface RawFile {
  readonly root: Node;
  readonly value: Raw;
  readonly services: readonly Raw[];
  readonly lineOf: (path: Path) => number;
  at(path: Path, found: string, allowed: string, nearest?: string): Finding;
}

export function rawFileOf(text: string, root: Node, value: unknown): RawFile {
  const positionOf = positionsIn(text);
  return {
    root,
    value: rawOf(value),
    services: listOf(rawOf(value).services),
    lineOf: (path) => positionOf(nodeAt(root, path).offset).line,
    at: (path, found, allowed, nearest) => ({ path, offset: nodeAt(root, path).offset, found, allowed, nearest }),
  };
}

export function durationOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseDuration(value) : undefined;
}
export function rawOf(value: unknown): Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}
export function listOf(value: unknown): readonly Raw[] {
  return Array.isArray(value) ? value.map(rawOf) : [];
}
export function textsOf(value: unknown): readonly (string | undefined)[] {
  return Array.isArray(value) ? value.map((item: unknown) => (typeof item === 'string' ? item : undefined)) : [];
}
