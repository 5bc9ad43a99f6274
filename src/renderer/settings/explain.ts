// One sentence for each check and each remedy, from its own values: what is looked at, and what a person allows who
// allows a repair, without the secrets in it. Takes raw JSON of the file, so that half-written ones are told too. Pure; touches nothing.
import { hideIn, hideWords } from '../secrets.ts';
import { labelOf } from './fields.ts';

type Raw = Readonly<Record<string, unknown>>;

const UNITS: Readonly<Record<string, string>> = { ms: 'millisecond', s: 'second', m: 'minute', h: 'hour', d: 'day' };

/** "30d" → "30 days"; anything else as it is. */
function long(value: unknown): string {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text(value)) ?? [];
  return count && unit ? `${count} ${UNITS[unit]}${count === '1' ? '' : 's'}` : text(value);
}
function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? hideIn(String(value)) : '';
}
function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? hideWords(value)
        .map(text)
        .filter((word) => word !== '')
    : [];
}
function list(value: unknown, nothing: string): string {
  return texts(value).join(', ') || nothing;
}
/** A command as a person would type it. */
function command(value: unknown): string {
  const words = texts(value).map((word) => (/[\s"']/.test(word) ? JSON.stringify(word) : word));
  return words.join(' ') || '(no command yet)';
}
function raw(value: unknown): Raw {
  return typeof value === 'object' && value !== null ? (value as Raw) : {};
}
const inFolder = ({ cwd }: Raw, before = '') => (cwd ? `${before} in ${text(cwd)}` : '');

/** What the engine may do when this remedy is allowed: one sentence, it says all that is changed. */
export function explainRemedy(remedy: unknown): string {
  const r = raw(remedy);
  switch (r['type']) {
    case 'command':
      return `May run: ${command(r['run'])}${inFolder(r, ',')}.`;
    case 'restart-process': {
      const { port, match, pidFile } = raw(r['find']);
      const where = port ? `listens on port ${text(port)} and ` : pidFile ? `${text(pidFile)} names and that ` : '';
      return `May end the process that ${where}matches ${text(match) || '(no match yet)'}, and start it again: ${command(r['start'])}${inFolder(r, ',')}.`;
    }
    case 'launchd':
      return `May have macOS end and start the LaunchAgent ${text(r['label'])}.`;
    case 'auto': {
      const { by, name } = raw(r['keeper']);
      if (by) return `May ask ${text(by)} to restart ${text(name) || '(no name yet)'}.`;
      const direct = r['start'] ? ` Where nobody keeps it, end it and start it again: ${command(r['start'])}${inFolder(r, ',')}.` : '';
      return `May ask whoever keeps it running to restart it.${direct}`;
    }
    case 'delete-old-logs':
      return `May delete files that match ${list(r['paths'], '(no path yet)')}, are older than ${long(r['olderThan'])} and are not in use.`;
    case 'rotate-logs': {
      const after = texts(r['after']).length > 0 ? `, and run afterwards: ${command(r['after'])}` : '';
      return `May move the content of ${list(r['paths'], "the check's log files")} into compressed archives and delete all but the newest ${text(r['keep']) || '10'} of each file${after}.`;
    }
    case 'log-top-processes':
      return `May write down the ${text(r['count']) || '10'} busiest processes; it changes nothing.`;
    case 'http':
      return `May send a ${text(r['method']) || 'POST'} request to ${text(r['url']) || '(no address yet)'}.`;
    default:
      return `May run a repair of the type “${text(r['type'])}”.`;
  }
}

/** What a check looks at, without a full stop: the second line of a service. */
export function explainCheck(check: unknown): string {
  const c = raw(check);
  switch (c['type']) {
    case 'process':
      if (c['launchdLabel']) return `LaunchAgent ${text(c['launchdLabel'])} runs`;
      if (c['pidFile']) return `The process that ${text(c['pidFile'])} names runs`;
      return c['name'] ? `A program called ${text(c['name'])} runs` : `A process that matches ${text(c['match'])} runs`;
    case 'tcp':
      return `Port ${text(c['port'])} answers${c['host'] ? ` on ${text(c['host'])}` : ''}`;
    case 'http':
      return `${text(c['url'])} answers`;
    case 'disk':
      return `At least ${text(c['minFree']) || '10%'} free on ${text(c['path']) || '~'}`;
    case 'memory':
      return `At most ${text(c['maxUsed']) || '90%'} of memory in use`;
    case 'log-files':
      return `Log files ${list(c['paths'], '')}${c['maxSize'] ? ` stay under ${text(c['maxSize'])}` : ''}`;
    case 'command':
      return `${command(c['run'])} says ok`;
    default:
      return text(c['type']);
  }
}

const NAMES: Readonly<Record<string, string>> = {
  process: 'A process',
  tcp: 'A port (TCP)',
  http: 'A web address (HTTP)',
  disk: 'Disk space',
  memory: 'Memory',
  'log-files': 'Log files',
  command: 'A command',
  'restart-process': 'Restart a process',
  launchd: 'Restart a LaunchAgent',
  auto: 'Ask its supervisor to restart it',
  'delete-old-logs': 'Delete old logs',
  'rotate-logs': 'Rotate logs',
  'log-top-processes': 'Write down the busiest processes',
};
const REMEDY_NAMES: Readonly<Record<string, string>> = { command: 'Run a command', http: 'Call a web address (HTTP)' };

/** Name of a type of check or remedy in a list. */
export function typeName(type: string, of: 'check' | 'remedy'): string {
  return (of === 'remedy' ? REMEDY_NAMES[type] : undefined) ?? NAMES[type] ?? labelOf(type);
}
