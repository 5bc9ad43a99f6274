// The part of the configuration file that is about one service. The file may hold comments and trailing commas. Pure.

import { hideValue } from './secrets.ts';

/** Pretty JSON of that service, its secrets hidden if asked for; undefined when the text cannot be read or does not name it. */
export function servicePart(text: string, id: string, isHidden = false): string | undefined {
  try {
    const file = JSON.parse(plainJson(text)) as { services?: { id?: string }[] };
    const found = file.services?.find((service) => service.id === id);
    return found && JSON.stringify(found, isHidden ? hideValue : undefined, 2);
  } catch {
    return undefined;
  }
}

/** Without comments and trailing commas; what stands in texts stays. */
export function plainJson(text: string): string {
  return text
    .replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, kept: string | undefined) => kept ?? ' ')
    .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, (_, kept: string | undefined) => kept ?? '');
}
