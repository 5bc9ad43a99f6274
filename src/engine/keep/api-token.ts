// The bearer token of the loopback API (PRODUCT sections 3 and 7): made once, kept across restarts, only for its user.
// Touches `api-token` in the home, nothing else.
import fs from 'node:fs/promises';
import path from 'node:path';
import { errorText, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import type { ClockPort } from '../../contract/ports.ts';
import { homeUnusable, moveAside, type OnQuarantine, realFs, replaceFile } from './durable-file.ts';

interface ApiTokenOptions {
  readonly home: string;
  readonly clock: ClockPort;
  readonly onQuarantine: OnQuarantine;
  /** The new token could not be kept: it holds until the engine ends. */
  readonly onTrouble: (message: string) => void;
}

/** 32 random bytes, base64url. */
const BYTES = 32;
const SHAPE = /^[A-Za-z0-9_-]{43}\n?$/;

/** The home's token. One that is damaged is moved aside, told, and made anew; a mode that lets others read is tightened. A disk
 * that is full keeps nobody from looking at the dashboard: then the token lives as long as the engine. */
export async function openApiToken({ home, clock, onQuarantine, onTrouble }: ApiTokenOptions): Promise<string> {
  const file = path.join(home, HOME_FILES.apiToken);
  const { token, damage } = await read(file);
  if (token !== undefined) return token;
  if (damage !== undefined) onQuarantine(file, await moveAside(realFs, file, clock.now().wallMs), damage);
  const made = process.getBuiltinModule('node:crypto').randomBytes(BYTES).toString('base64url');
  await replaceFile(realFs, file, Buffer.from(`${made}\n`)).catch((error) =>
    onTrouble(`${HOME_FILES.apiToken} can't be written, so its token ends with this engine: ${errorText(error)}`),
  );
  return made;
}

async function read(file: string): Promise<{ token?: string; damage?: string }> {
  try {
    const found = await fs.lstat(file);
    // Looked at first: opening a fifo would wait for ever, and a link may lead anywhere.
    if (!found.isFile()) return { damage: 'it is not a regular file' };
    if (found.mode & 0o077) await fs.chmod(file, 0o600);
    if (found.size > BYTES * 2) return { damage: 'it is too long for a token' };
    const text = await fs.readFile(file, 'latin1');
    return SHAPE.test(text) ? { token: text.trim() } : { damage: 'it is no token' };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return {};
    throw homeUnusable(file, "can't be read", error);
  }
}
