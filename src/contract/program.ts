// A program that was not found: a state of its own, told with where it was looked for and mended by its whole path. Pure: values in,
// words out.
import type { ServiceView } from './snapshot.ts';

const MOST_FOLDERS = 8;

/** " in /usr/bin, /bin": where a command of this name is looked for. Empty for a path, which is looked for at its own place alone. */
export function lookedFor(program: string, searchPath: string | undefined): string {
  if (program.includes('/')) return '';
  const folders = (searchPath ?? '').split(':').filter((folder) => folder !== '');
  if (folders.length === 0) return '; there is no PATH to look in';
  const more = folders.length - MOST_FOLDERS;
  return ` in ${folders.slice(0, MOST_FOLDERS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Whether its check or its last repair found no program: then neither says anything of the service itself. */
export function missesProgram(view: Pick<ServiceView, 'type' | 'reason' | 'lastAttempt' | 'status'>): 'check' | 'repair' | undefined {
  if (view.reason === 'program-missing') return view.type === 'command' ? 'check' : undefined;
  const { lastAttempt } = view;
  return view.status !== 'ok' && lastAttempt?.outcome === 'failed' && lastAttempt.reason === 'program-missing' ? 'repair' : undefined;
}
