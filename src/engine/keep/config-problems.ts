// Judges the text of a configuration: valid and resolved, or every problem with its path, line, column, what was
// found, what is allowed and the nearest known word (PRODUCT section 4). Never throws. Pure; touches nothing.
import type * as z from 'zod';
import { type Config, configSchema, type ParsedConfig, resolveConfig } from '../../contract/config.ts';
import { nearestAmount, nearestOf } from './config-nearest.ts';
import { brokenRules } from './config-rules.ts';
import { schemaAt } from './config-schema-at.ts';
import { describe, type Finding, nodeAt, pathText, positionsIn, propertyOf, quote, readTree } from './config-tree.ts';
import { warnings } from './config-warnings.ts';

export interface ConfigProblem {
  /** `services[2].check.port`; empty for the file as a whole. */
  readonly path: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly allowed: string;
  readonly nearest?: string;
  /** All of it as one line. */
  readonly message: string;
}
export type CheckedConfig =
  | { readonly ok: true; readonly config: Config; readonly parsed: ParsedConfig; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** More than anybody has in one list, or in all, and few enough to be judged without holding up the looks that are in force. */
const MOST_ENTRIES = 5_000;
const MOST_VALUES = 100_000;
/** A file of nonsense has a problem in every line: people mend the first ones, and nobody is served by the rest. */
const MOST_PROBLEMS = 100;

type Issue = z.core.$ZodIssue;
type Tree = Exclude<ReturnType<typeof readTree>, { broken: Finding }>;

/** Judges `text`; `file` is its name in messages. Problems come in the order of the file; broken JSON is told alone. */
export function checkConfig(text: string, file: string): CheckedConfig {
  // A byte order mark is no character of the first line.
  const bare = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const tree = readTree(bare);
  if ('broken' in tree) return { ok: false, problems: told(bare, file, [tree.broken]) };
  const crowd = tooMany(tree);
  if (crowd) return { ok: false, problems: told(bare, file, [crowd]) };
  const result = configSchema.safeParse(tree.value);
  const rules = brokenRules(bare, tree.root, tree.value);
  if (result.success && rules.length === 0) {
    const surprising = told(bare, file, warnings(bare, tree.root, tree.value));
    return { ok: true, config: resolveConfig(result.data), parsed: result.data, warnings: surprising };
  }
  const issues = result.error?.issues ?? [];
  const unmet = issues.slice(0, MOST_PROBLEMS).flatMap((issue) => findingsOf(issue, tree));
  const findings = withoutEchoes([...unmet, ...rules]).toSorted((a, b) => a.offset - b.offset);
  const rest = findings.length - MOST_PROBLEMS + Math.max(0, issues.length - MOST_PROBLEMS);
  return { ok: false, problems: told(bare, file, rest > 0 ? [...findings.slice(0, MOST_PROBLEMS), more(rest, bare)] : findings) };
}

function more(count: number, text: string): Finding {
  const allowed = 'none; mend the ones before, and what is left is told then';
  return { path: [], offset: text.length, found: `${count} more ${count === 1 ? 'problem' : 'problems'}`, allowed };
}

/** Where there is more in one place, or in all, than a configuration ever has. */
function tooMany({ root, value }: Tree): Finding | undefined {
  let left = MOST_VALUES;
  const at = (path: readonly PropertyKey[], found: string, allowed: string): Finding => ({
    path,
    offset: nodeAt(root, path).offset,
    found,
    allowed,
  });
  function walk(inner: unknown, path: readonly PropertyKey[]): Finding | undefined {
    left -= 1;
    if (left < 0) return at([], `more than ${MOST_VALUES} values`, `at most ${MOST_VALUES} in a file`);
    if (typeof inner !== 'object' || inner === null) return undefined;
    const keys = Object.keys(inner);
    if (keys.length > MOST_ENTRIES) return at(path, `${keys.length} entries`, `at most ${MOST_ENTRIES}`);
    for (const key of keys) {
      const found = walk((inner as Record<string, unknown>)[key], [...path, Array.isArray(inner) ? Number(key) : key]);
      if (found) return found;
    }
    return undefined;
  }
  return walk(value, []);
}

/** The problems for people: one block each, `file` as it was named to us, no line break at the end. */
export function formatProblems(problems: readonly ConfigProblem[], file: string): string {
  return problems
    .map(({ path, line, column, found, allowed, nearest }) =>
      [
        `${file}:${line}:${column}  ${path === '' ? '(the whole file)' : path}`,
        `  found:    ${found}`,
        `  allowed:  ${allowed}`,
        ...(nearest === undefined ? [] : [`  nearest:  ${nearest}`]),
      ].join('\n'),
    )
    .join('\n\n');
}

function told(text: string, file: string, findings: readonly Finding[]): ConfigProblem[] {
  const positionOf = positionsIn(text);
  return findings
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ path, offset, found, allowed, nearest }) => {
      const where = { path: pathText(path), ...positionOf(offset) };
      const meant = nearest === undefined ? '' : `; nearest: ${nearest}`;
      const message = `${file}:${where.line}:${where.column} ${where.path}${where.path && ': '}found ${found}; allowed: ${allowed}${meant}`;
      return { ...where, found, allowed, ...(nearest === undefined ? {} : { nearest }), message };
    });
}

function findingsOf(issue: Issue, { root, value }: Tree): Finding[] {
  const node = nodeAt(root, issue.path);
  const here = valueAt(value, issue.path);
  const at = (
    found: string,
    allowed: string,
    nearest?: string,
    path: readonly PropertyKey[] = issue.path,
    offset = node.offset,
  ): Finding[] => [{ path, offset, found, allowed, nearest }];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const shape = schemaAt(configSchema, issue.path, value);
      return issue.keys.flatMap((key) => {
        const nearest = nearestOf(key, shape.keys) ?? shape.deeper.find((deeper) => deeper.endsWith(`.${key}`));
        const offset = propertyOf(node, key)?.offset;
        return at(`unknown key ${quote(key)}`, shape.keys.toSorted().join(', '), nearest, [...issue.path, key], offset);
      });
    }
    case 'invalid_union': {
      const types = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
      if (here !== undefined) return at(describe(here), types.join(', '), typeof here === 'string' ? nearestOf(here, types) : undefined);
      const parent = issue.path.slice(0, -1);
      const slip = Object.keys((valueAt(value, parent) as object | undefined) ?? {}).find((key) => nearestOf(key, ['type']));
      if (slip === undefined) return at('nothing', `a type: ${types.join(', ')}`);
      return at(
        `unknown key ${quote(slip)}`,
        `type, one of ${types.join(', ')}`,
        'type',
        [...parent, slip],
        propertyOf(node, slip)?.offset,
      );
    }
    case 'invalid_key':
      return at(`the key ${quote(String(issue.path.at(-1)))}`, issue.issues.map((inner) => inner.message).join(', '));
    case 'custom': {
      // A rule about several keys of one object tells which of them are there.
      const whole = typeof here === 'object' && here !== null && !Array.isArray(here);
      const missing = here === undefined ? schemaAt(configSchema, issue.path, value).fallback : undefined;
      const found = whole
        ? `an object with ${Object.keys(here).join(', ')}`
        : missing === undefined
          ? describe(here)
          : `nothing, so the default ${JSON.stringify(missing)}`;
      return at(found, issue.message, nearestAmount(here, issue.message));
    }
    case 'invalid_value':
      return at(describe(here), issue.message, typeof here === 'string' ? nearestOf(here, issue.values.map(String)) : undefined);
    case 'invalid_type': {
      const { types } = schemaAt(configSchema, issue.path, value);
      if (types.length > 0) return at(describe(here), `an object with a type: ${types.join(', ')}`);
      const own = issue.message.startsWith('Invalid input') ? (WORDS[issue.expected] ?? issue.expected) : issue.message;
      return at(describe(here), own, nearestAmount(here, own));
    }
    default:
      return at(describe(here), issue.message, nearestAmount(here, issue.message));
  }
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'an object { … }',
  record: 'an object { … }',
  array: 'a list [ … ]',
  string: 'a text',
  boolean: 'true or false',
};

/** A misspelt key is one problem, not also the missing one that it was meant to be. */
function withoutEchoes(findings: readonly Finding[]): Finding[] {
  const meant = new Set(
    findings
      .filter(({ found }) => found.startsWith('unknown key'))
      .map(({ path, nearest }) => pathText([...path.slice(0, -1), nearest ?? ''])),
  );
  return findings.filter(({ path, found }) => found !== 'nothing' || !meant.has(pathText(path)));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
}
