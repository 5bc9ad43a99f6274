// What a configuration may say but a person would hardly mean. Pure; touches nothing.
import type { Node } from 'jsonc-parser';
import { durationOf, listOf, type Raw, rawFileOf, textsOf } from './config-raw.ts';
import { describe, type Finding, type Path } from './config-tree.ts';

/** Without its last slash: the root, the folder of all homes, a home. */
const HOME_OR_ROOT = /^(|~|\/home|\/Users|\/root|\/var\/root|\/home\/[^/]+|\/Users\/[^/]+)$/;

/** Warnings for a configuration that is valid. */
export function warnings(text: string, root: Node, value: unknown): Finding[] {
  const file = rawFileOf(text, root, value);
  const found: Finding[] = [];
  const interval = (raw: Raw, path: Path) => {
    const ms = durationOf(raw.interval);
    if (ms !== undefined && ms < 10_000)
      found.push(file.at(path, describe(raw.interval), '10s or more is kinder to the machine; shorter is kept as written'));
  };
  interval(file.value, ['interval']);
  for (const [index, service] of file.services.entries()) {
    const path = ['services', index];
    interval(service, [...path, 'interval']);
    const recovery = listOf(service.recovery);
    if (recovery.length === 0 && listOf(service.proposed).length > 0) {
      found.push(
        file.at(
          [...path, 'proposed'],
          'remedies that are only proposed',
          'it is watched and never repaired; move one to "recovery" to allow it',
        ),
      );
    }
    if (service.holdDuringBuilds === true && !hasOwnFolder(service)) {
      found.push(
        file.at(
          [...path, 'holdDuringBuilds'],
          'true, and no folder of its own',
          'nothing is held until "cwd" names the folder of this service',
        ),
      );
    }
    for (const [at, remedy] of recovery.entries()) {
      if (remedy.type !== 'delete-old-logs') continue;
      for (const [n, pattern] of textsOf(remedy.paths).entries()) {
        if (pattern !== undefined && coversTooMuch(pattern)) {
          found.push(
            file.at(
              [...path, 'recovery', at, 'paths', n],
              describe(pattern),
              'it covers a whole home or disk; name the folder that holds the logs',
            ),
          );
        }
      }
    }
  }
  return found;
}

/** A whole home or disk is nobody's in particular: builds in it hold nothing (R10). */
function hasOwnFolder(service: Raw): boolean {
  const folders = [service, ...listOf(service.recovery)].map((one) => one.cwd);
  return folders.some((folder) => typeof folder === 'string' && !HOME_OR_ROOT.test(folder.replace(/\/+$/, '')));
}

/** A pattern whose fixed part is `/`, a home or the folder of all homes, and that then takes everything below. */
function coversTooMuch(pattern: string): boolean {
  const steps = pattern.split('/');
  const firstGlob = steps.findIndex((step) => /[*?[\]{}()!]/.test(step));
  const fixed = (firstGlob < 0 ? steps : steps.slice(0, firstGlob)).join('/').replace(/\/$/, '');
  if (!HOME_OR_ROOT.test(fixed)) return false;
  return firstGlob < 0 || steps.slice(firstGlob).some((step) => step === '**' || step === '*');
}
