// What the app was started with. Pure: values in, values out.
import path from 'node:path';
import { homeOf } from '../engine/address.ts';

export interface Asked {
  /** Arguments of the command line, when that is what is wanted (`--cli status --json`). */
  readonly cli: readonly string[] | undefined;
  readonly home: string;
  readonly isDryRun: boolean;
  userData(appData: string): string;
}

export function argumentsOf(argv: readonly string[], env: NodeJS.ProcessEnv): Asked {
  const at = argv.indexOf('--cli');
  const flag = wordAfter(argv, '--home');
  return {
    cli: at === -1 ? undefined : argv.slice(at + 1),
    home: homeOf(flag, env),
    isDryRun: argv.includes('--dry-run'),
    userData: (appData) => path.join(appData, 'com.jarvis.health-system'),
  };
}

function wordAfter(argv: readonly string[], name: string): string | undefined {
  const at = argv.findIndex((word) => word === name || word.startsWith(`${name}=`));
  const word = argv[at];
  return word === undefined ? undefined : word === name ? argv[at + 1] : word.slice(name.length + 1);
}
