// Runs one of the system's own small tools (ps, lsof, netstat) and gives what it printed: fixed places, fixed language and time
// zone, a time limit, a limit of output. They only look.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RunTool } from './process-table-macos.ts';

const TOOL_TIMEOUT_MS = 20_000;
const TOOL_OUTPUT_BYTES = 64 * 1_024 * 1_024;

const execFileText = promisify(execFile);

export const runTool: RunTool = async (file, args) => {
  const { stdout } = await execFileText(file, args, {
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' },
    timeout: TOOL_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: TOOL_OUTPUT_BYTES,
  });
  return stdout;
};
