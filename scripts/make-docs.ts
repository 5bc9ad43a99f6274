// Writes docs/configuration.md from the schema of the configuration (`npm run docs`), so that the page can't say anything
// else than what is checked. With --check it writes nothing and exits 1 when the page is not current.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { configSchema } from '../src/contract/config.ts';
import { JARVIS_PRESET } from '../src/contract/preset.ts';
import { DURATION_PATTERN, SHARE_PATTERN, SIZE_PATTERN } from '../src/contract/units.ts';

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}

const page = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const root = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) as Schema;

function kindOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.pattern === DURATION_PATTERN) return 'duration';
  if (schema.pattern === SIZE_PATTERN) return 'size';
  if (schema.pattern === SHARE_PATTERN) return 'share';
  if (schema.pattern === `${SHARE_PATTERN}|${SIZE_PATTERN}`) return 'share or size';
  if (schema.type === 'integer') return `number, ${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema.type === 'string') return 'text';
  if (schema.type === 'array')
    return schema.items?.oneOf
      ? 'list of remedies'
      : schema.items?.properties
        ? 'list'
        : `list of ${kindOf(schema.items ?? {}).replace(/^(text|duration)$/, '$1s')}`;
  return schema.oneOf ? 'check' : 'object';
}

function table(schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {})
    .filter(([, property]) => property.const === undefined)
    .map(([key, property]) => {
      const isWritten = schema.required?.includes(key) ?? false;
      const fallback = property.default === undefined || property.properties ? '' : `\`${JSON.stringify(property.default)}\``;
      return `| \`${key}\` | ${kindOf(property)} | ${isWritten ? '**required**' : fallback} | ${(property.description ?? '').replaceAll('|', '\\|')} |`;
    });
  return ['| key | kind | default | |', '|---|---|---|---|', ...rows].join('\n');
}

/** Each member of a union under its type; objects inside get a table of their own below it. */
function members(union: Schema): string {
  return (union.oneOf ?? [])
    .map((member) => {
      const inside = Object.entries(member.properties ?? {})
        .filter(([, property]) => property.properties)
        .map(([key, property]) => `\n\n\`${key}\`:\n\n${table(property)}`);
      return `### \`${String(member.properties?.['type']?.const)}\`\n\n${table(member)}${inside.join('')}`;
    })
    .join('\n\n');
}

const at = (schema: Schema | undefined, key: string): Schema => schema?.properties?.[key] ?? {};
const service = at(root, 'services').items ?? {};

const text = `# Configuration

<!-- Made by \`npm run docs\` from src/contract/config.ts. Edit that, not this. -->

One file, \`config.json\` in the home folder: strict JSON, without comments. \`config.schema.json\` beside it lets an editor
complete and check it. \`jarvis-health init\` writes a first one from what runs on this machine, \`jarvis-health init --preset jarvis\`
the example below, \`jarvis-health validate [FILE]\` checks one, and \`jarvis-health schema\` prints the schema.

A running engine takes up a change within a second. A bad edit is refused as a whole: the last good configuration stays in
force, and status, window and log say so.

## Units

| kind | written | |
|---|---|---|
| duration | \`500ms\` \`30s\` \`5m\` \`1h\` \`30d\` | at least \`1s\`, timeouts at least \`100ms\` |
| size | \`100MB\` \`20GB\` \`64MiB\` | \`kB MB GB TB\` are 1000-based, \`KiB MiB GiB TiB\` 1024-based |
| share | \`10%\` | from \`0%\` to \`100%\` |
| path | \`/var/log/app.log\` \`~/app\` | begins with \`/\` or \`~/\`; \`~\` is the user's home |
| match | \`app.py\` \`/(^\\|\\/)app\\.py( \\|$)/\` | text contained in the whole command line, or a regular expression between slashes |

## Example

This is \`init --preset jarvis\`.

\`\`\`json
${JSON.stringify(JARVIS_PRESET, null, 2)}
\`\`\`

## The file

${table(root)}

### \`alerts\`

${table(at(root, 'alerts'))}

### \`recovery\`

${table(at(root, 'recovery'))}

### \`builds\`

${table(at(root, 'builds'))}

### \`battery\`

${table(at(root, 'battery'))}

The source of power is asked for every two minutes, and only where \`slower\` is more than 1.

## A service

${table(service)}

A service whose \`recovery\` is empty is watched and never repaired. What discovery proposes stands in \`proposed\` and is never
run; move a remedy to \`recovery\` to allow it.

## Checks

Each check has a \`type\` and the keys of that type.

${members(at(service, 'check'))}

## Remedies

Tried in the order of the list. Each has a \`type\` and the keys of that type.

${members(at(service, 'recovery').items ?? {})}

## What is refused

Every problem is told with its path, line and column, what was found, what is allowed, and the nearest known word:

\`\`\`
config.json:10:9  services[2].check.prot
  found:    unknown key "prot"
  allowed:  host, port, timeout, type
  nearest:  port
\`\`\`

Besides unknown keys, wrong types, comments, trailing commas, a key or an id that stands twice, and files over 5 MB:

- \`dependsOn\` that names no service, the service itself, or closes a circle
- \`window\` shorter than \`cooldown\` x (\`maxAttempts\` - 1): the budget could never be spent
- \`retryInterval\` over \`interval\`, for the file or for a service that writes its own (one that it inherits is shortened instead)
- \`clearAt\` on the wrong side of its limit, or in another unit
- a relative path; a regular expression that can't be read; a status range from high to low; a header that HTTP does not allow
- \`find\` without \`match\`: a port alone does not prove whose process it is
- \`rotate-logs\` without \`paths\` where the check is not \`log-files\`

## What is only warned of

- an \`interval\` under \`10s\`
- remedies in \`proposed\` and none in \`recovery\`
- \`holdDuringBuilds: true\` where no folder is named, or only a whole home or disk
- \`delete-old-logs\` over a whole home or disk, like \`~/**/*.log\`

## What holds a restart

While a service is down and a build works in its folder (\`cwd\`, or that of its remedies), its restart waits: no strike, no remedy, no
alert, for at most 30 minutes an incident. When the build ends the service gets its start window first; \`heal\` does not wait. A build
is seen by what runs, looked for only when a service fails:

- compilers, linkers and builders (\`gcc\`, \`clang\`, \`rustc\`, \`tsc\`, \`javac\`, \`go build\`, \`make\`, \`ninja\`, \`gradle\`, \`mvn\`, \`xcodebuild\` …),
  bundlers (\`vite build\`, \`webpack\`, \`rollup\`, \`next build\` …), package managers (\`npm\`, \`pnpm\`, \`yarn\`, \`bun\`, \`cargo\`, \`pip\`, \`uv\`, \`brew\`,
  \`bundle\`, \`composer\` …), test runners, container builds, and a git that writes to the work tree (\`rebase\`, \`commit\`, \`pull\`,
  \`checkout\` …). The whole table: \`src/engine/probe/build-tools.ts\`.
- whose working directory, or that of something it started, lies in the folder. git works at the top of its work tree and counts for
  every folder in it. A script of a project counts by its name: \`npm run build\`, \`make test\`, not \`npm start\`, \`npm run dev\`, \`make run\`.
- Also an \`index.lock\` of git younger than two minutes that no visible git explains, and on Linux cargo's lock while somebody holds it.

Never: dev servers and watchers (\`vite\`, \`tsc --watch\`, \`nodemon\`, \`cargo watch\` …), git that only reads or fetches, a rebase that waits for
its person with nothing running, the service itself with what it started and what started it, what the engine started, and other
users' processes, whose folders the system does not tell. A folder that holds a whole home or disk is nobody's in particular.

\`"builds": { "tools": ["mytool", "other build"], "ignore": ["make docs", "npm run test"] }\` adds programs and takes others away.

## What discovery finds

\`jarvis-health discover\` and the first start without a configuration look at what runs, and change nothing:

- TCP ports on which this user's programs listen, on loopback or any address. Left out: editors, browsers and other desktop
  programs, macOS's own services, and ports that the system gave at random (from 32768 on Linux, 49152 on macOS) unless the
  command line names them. Each port is asked for \`/\` once, for one second; databases are not asked.
- LaunchAgents in \`~/Library/LaunchAgents\` that run all the time and run now (macOS).
- The gateway under any of its names, where it runs.
- Disk, memory and the app's own logs, always.

A remedy is proposed only where it is certain: the supervisor where there is one, else the same command again. Nothing is
proposed where a command line may hold a secret, was rewritten by its program, or can't be told word by word.
`;

if (process.argv.includes('--check')) {
  const isCurrent = readFileSync(page, 'utf8') === text;
  if (!isCurrent) process.stderr.write('docs/configuration.md is not current: run npm run docs\n');
  process.exitCode = isCurrent ? 0 : 1;
} else {
  writeFileSync(page, text);
}
