// Reads what `launchctl print` and `print-disabled` write. It is made for people and changed between macOS versions, so
// only the few lines are read that have stayed; recorded outputs are in test/fixtures/heal-launchctl. Pure.

export interface AgentState {
  readonly isLoaded: boolean;
  /** `running`, `not running`, `waiting`, …; undefined when not loaded. */
  readonly state: string | undefined;
  /** File that it was loaded from; undefined for a job that a program submitted. */
  readonly plist: string | undefined;
}

/** From `launchctl print gui/UID/LABEL`; undefined when the answer says neither that it is loaded nor that it is not. */
export function readAgent(exitCode: number, output: string): AgentState | undefined {
  if (exitCode === 0) {
    // The first of each: dictionaries further down repeat `state`, and may carry a `path` of their own.
    const told = /^\s*path = (.+?)\s*$/m.exec(output)?.[1];
    return { isLoaded: true, state: /^\s*state = (.+?)\s*$/m.exec(output)?.[1], plist: told?.startsWith('/') ? told : undefined };
  }
  // 113 is "Could not find service". A missing domain (no login in the window system) has other codes: 112, 125.
  if (exitCode === 113 || /could not find service/i.test(output)) return { isLoaded: false, state: undefined, plist: undefined };
  return undefined;
}

/** From `launchctl print-disabled gui/UID`. Up to macOS 12 it says `=> true`, since then `=> disabled`
 * (github.com/usnistgov/macos_security/issues/167). */
export function isDisabled(output: string, label: string): boolean {
  for (const line of output.split('\n')) {
    const found = /^\s*"(.+)" => (\w+)\s*$/.exec(line);
    if (found?.[1] === label) return found[2] === 'disabled' || found[2] === 'true';
  }
  return false;
}
