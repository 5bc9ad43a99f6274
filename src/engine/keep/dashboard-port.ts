// The port that the dashboard was given last, so that open tabs and the cookies of 30 days, which belong to a port, are good
// after a restart too (PRODUCT section 7). Touches `dashboard-port` in the home, nothing else. It is a convenience: nothing that
// goes wrong with it rejects.
import fs from 'node:fs/promises';
import path from 'node:path';
import { errorText, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import type { ClockPort } from '../../contract/ports.ts';
import { moveAside, type OnQuarantine, realFs, replaceFile } from './durable-file.ts';

export interface DashboardPort {
  /** The port that was kept; undefined where there is none, or it can't be read. */
  last(): Promise<number | undefined>;
  /** Keeps another one, durably. */
  keep(port: number): Promise<void>;
}
interface DashboardPortOptions {
  readonly home: string;
  readonly clock: ClockPort;
  readonly onQuarantine: OnQuarantine;
  /** The port could not be read or kept: the next start may take another one. */
  readonly onTrouble: (message: string) => void;
}

const SHAPE = /^[1-9]\d{0,4}\n?$/;
const MAX_PORT = 65_535;
const MAX_BYTES = 6;

export function createDashboardPort({ home, clock, onQuarantine, onTrouble }: DashboardPortOptions): DashboardPort {
  const file = path.join(home, HOME_FILES.dashboardPort);
  return {
    async last() {
      try {
        const found = await fs.lstat(file);
        // Looked at first: opening a fifo would wait for ever, and a link may lead anywhere.
        const text = found.isFile() && found.size <= MAX_BYTES ? await fs.readFile(file, 'latin1') : '';
        if (SHAPE.test(text) && Number(text) <= MAX_PORT) return Number(text);
        const why = found.isFile() ? 'it is no port' : 'it is not a regular file';
        onQuarantine(file, await moveAside(realFs, file, clock.now().wallMs), why);
      } catch (error) {
        if (systemCode(error) !== 'ENOENT')
          onTrouble(`${HOME_FILES.dashboardPort} can't be read, so the dashboard may move: ${errorText(error)}`);
      }
      return undefined;
    },
    async keep(port) {
      await replaceFile(realFs, file, Buffer.from(`${port}\n`)).catch((error) =>
        onTrouble(`${HOME_FILES.dashboardPort} can't be written, so the dashboard moves at the next start: ${errorText(error)}`),
      );
    },
  };
}
