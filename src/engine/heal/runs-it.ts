// Tells who runs a service from who only names it: an editor, a pager, an agent told about `app.py` in its prompt have the same words
// in their command line and may work in the same folder (R13). Pure; in doubt nobody runs it.
import type { ProcessRow } from '../../contract/ports.ts';

/** What shows, edits, copies or searches files, speaks to other machines, or hosts somebody's whole session. Never a service, unless
 * the remedy itself starts a program of that name, or its match names that program. Those who run others and bring them back (nodemon, entr, make) are not here. */
const BYSTANDERS: ReadonlySet<string> = new Set(
  [
    'vi vim vimx nvim gvim mvim view ex vimdiff gvimdiff MacVim emacs emacsclient nano pico micro hx helix kak joe mg ed gedit',
    'gnome-text-editor kate kwrite mousepad xed pluma geany code code-insiders codium cursor windsurf zed zeditor subl sublime_text',
    'atom mate nova bbedit Code Cursor',
    'less more most man cat bat head tail multitail lnav grep egrep fgrep rg ag ack find fd awk gawk sed diff cmp tee',
    'ssh scp sftp rsync mosh mosh-client sshd cp mv tar curl wget git hg svn tig lazygit gh strace ltrace gdb lldb perf',
    'tmux screen SCREEN zellij script login xterm alacritty kitty gnome-terminal-server konsole wezterm-gui iTerm2 Terminal foot',
    'systemd init launchd dbus-daemon dbus-broker gnome-shell',
    'claude codex aider gemini opencode cursor-agent',
  ].flatMap((names) => names.split(' ')),
);
/** Words between a program and what it runs: `deno run server.ts`. */
const RUN_WORDS: ReadonlySet<string> = new Set(['run', 'exec', 'start', 'serve']);
/** What follows these is a text, not a file that is run. */
const TEXT_OPTIONS: ReadonlySet<string> = new Set(['-c', '-e', '-p', '--eval', '--print', '--prompt', '--message']);

export function isBystander(row: Pick<ProcessRow, 'name' | 'command'>, match: string, start: readonly string[] | undefined): boolean {
  if (!BYSTANDERS.has(row.name) || row.name === baseName(start?.[0] ?? '')) return false;
  // A service may have such a name itself; then it is found by its own program.
  const [first = '', second = ''] = row.command.split(' ', 2);
  const program = baseName(second) === row.name ? `${first} ${second}` : first; // a script, behind its interpreter
  return beginsAt(match, row.command) >= program.length;
}

/** Whether the match begins in what the process runs (its program, or the first word that is no option), or that is the very thing
 * that the remedy's `start` runs. `match`: as the configuration has it. */
export function runsIt(row: Pick<ProcessRow, 'command'>, match: string, start: readonly string[] | undefined): boolean {
  const words = row.command.split(' ');
  return beginsAt(match, row.command) < headOf(words).join(' ').length || (start !== undefined && isStartOf(start, words));
}

/** Where the match begins; only the first place counts. */
function beginsAt(match: string, command: string): number {
  const form = /^\/(.+)\/([dgimsuvy]*)$/s.exec(match);
  const at = form ? command.search(new RegExp(form[1] as string, (form[2] as string).replace(/[gy]/g, ''))) : command.indexOf(match);
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

/** Only the program where a text follows. */
function headOf(words: readonly string[]): readonly string[] {
  let at = 1;
  for (; at < words.length; at += 1) {
    const word = words[at] as string;
    if (TEXT_OPTIONS.has(word)) return words.slice(0, at);
    if (!word.startsWith('-') && !RUN_WORDS.has(word)) break;
  }
  return words.slice(0, at + 1);
}

/** Whatever the interpreter before it, the folder, or the version in a name: `python3.12 /usr/bin/uvicorn main:app` is `uvicorn main:app`. */
function isStartOf(start: readonly string[], words: readonly string[]): boolean {
  const line = start.join(' ').split(' ');
  const wanted = headOf(line);
  const isText = TEXT_OPTIONS.has(line[wanted.length] ?? '');
  return [0, 1].some((from) => {
    const own = words.slice(from);
    if (isText) return own.slice(1).join(' ') === line.slice(1).join(' ') && plain(own[0]) === plain(line[0]);
    return wanted.every((word, at) => plain(own[at]) === plain(word));
  });
}
const baseName = (file: string): string => file.slice(file.lastIndexOf('/') + 1);
const plain = (file = ''): string => baseName(file).replace(/[\d.]+$/, '');
