// What the app offers its own page beside the engine's operations: its login item, its notices, a dialog for a file. A browser has
// none of it. Names and shapes only; `main` does it, `preload` lets nothing else through.

/** What the system says of the login item, read anew each time; `unpackaged`: it would register Electron itself. */
export type LoginItem = 'off' | 'on' | 'requires-approval' | 'unpackaged';
/** How the last notice fared. */
export type NoticeHealth = { readonly kind: 'untried' | 'shown' } | { readonly kind: 'failed'; readonly why: string };

export interface ShellFacts {
  readonly loginItem: LoginItem;
  readonly notices: NoticeHealth;
}
export const PANES = ['login-items', 'notifications'] as const;

/** Each by its input and its answer. */
export interface ShellOffers {
  facts: { readonly input: undefined; readonly output: ShellFacts };
  /** Answers with what the system made of it. */
  setLoginItem: { readonly input: { readonly isOn: boolean }; readonly output: ShellFacts };
  /** Shows a notice, which asks for the permission the first time; answers when it is known how that went. */
  tryNotice: { readonly input: undefined; readonly output: ShellFacts };
  openPane: { readonly input: { readonly pane: (typeof PANES)[number] }; readonly output: undefined };
  /** A program that the person chooses in the system's own dialog; null: none. */
  chooseProgram: { readonly input: undefined; readonly output: string | null };
}
export type ShellName = keyof ShellOffers;
export const SHELL_NAMES = Object.keys({
  facts: 1,
  setLoginItem: 1,
  tryNotice: 1,
  openPane: 1,
  chooseProgram: 1,
} satisfies Record<ShellName, 1>) as readonly ShellName[];
