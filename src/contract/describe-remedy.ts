// What a remedy does, in one line for people: for the dry run, the record, and whoever reads it. Secrets in a command line
// are taken out (scrub.ts). Pure.
import type { RemedyConfig } from './config.ts';
import { keeperTitle } from './keeper.ts';
import { scrub } from './scrub.ts';

const MOST_LETTERS = 300;

/** At most 300 letters. */
export function actionOf(remedy: RemedyConfig): string {
  return scrub(describeRemedy(remedy)).slice(0, MOST_LETTERS);
}

/** One line for people: what this remedy does. */
export function describeRemedy(remedy: RemedyConfig): string {
  switch (remedy.type) {
    case 'command':
      return remedy.run.join(' ');
    case 'restart-process':
      return `a restart: ${remedy.start.join(' ')}`;
    case 'launchd':
      return `a restart of ${remedy.label} by launchd`;
    case 'auto':
      return `a restart by ${remedy.keeper ? keeperTitle(remedy.keeper.by) : 'whoever keeps it'}`;
    case 'http':
      return `${remedy.method} ${remedy.url}`;
    case 'delete-old-logs':
      return `a deletion of old logs in ${remedy.paths.join(', ')}`;
    case 'rotate-logs':
      return 'a rotation of logs';
    case 'log-top-processes':
      return 'a record of the top processes';
    default:
      return remedy satisfies never;
  }
}
