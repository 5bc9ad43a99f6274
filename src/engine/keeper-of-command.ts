// A command that restarts a service by its supervisor says who keeps it: `pm2 restart web`, `systemctl --user restart web`, …. So what its
// owner stopped there is left alone too (R12). Pure; what is not plainly understood names nobody.
import type { Keeper } from '../contract/keeper.ts';

const ORDERS: ReadonlySet<string> = new Set(['restart', 'start', 'reload', 'try-restart', 'reload-or-restart', 'kickstart']);

/** `argv` of a `command` remedy. Names one service only; a pattern, `all`, or several are nobody's. */
export function keeperOfCommand(argv: readonly string[]): Keeper | undefined {
  const [program = '', ...rest] = argv;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const words = rest.filter((word) => !word.startsWith('-'));
  const [order = '', target = ''] = name === 'brew' && words[0] === 'services' ? words.slice(1) : words;
  const isOne = words.length === (name === 'brew' ? 3 : 2) && ORDERS.has(order) && /^[\w@.:/-]+$/.test(target) && target !== 'all';
  if (!isOne) return undefined;
  switch (name) {
    case 'pm2':
      // A number is an id, which another app may have tomorrow; a file is not its name.
      return /^\d+$|\//.test(target) || /\.(js|json|ya?ml)$/.test(target) ? undefined : { by: 'pm2', name: target };
    case 'systemctl': {
      const unit = /\.\w+$/.test(target) ? target : `${target}.service`;
      return { by: 'systemd', name: unit, at: rest.includes('--user') ? 'user' : 'system' };
    }
    case 'brew':
      return { by: 'brew', name: target };
    case 'docker':
      return { by: 'docker', name: target };
    case 'launchctl': {
      const label = /^gui\/\d+\/([^/]+)$/.exec(target)?.[1];
      return label === undefined ? undefined : { by: 'launchd', name: label };
    }
    case 'supervisorctl':
      return rest.some((word) => word.startsWith('-')) ? undefined : { by: 'supervisord', name: target };
    default:
      return undefined;
  }
}
