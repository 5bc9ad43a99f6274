// What supervisord says of one program, asked over its own socket (supervisord.org/api.html: XML-RPC, `getProcessInfo`). Not through
// supervisorctl, which is a Python to start for each question. Where its socket is not plain to see, or wants a password, nothing is
// asked here. Reads its configuration and what it answers; changes nothing.
import path from 'node:path';

const PATIENCE_MS = 5_000;
const ANSWER_MAX = 64 * 1_024;

/** `at`: the file that supervisord was started with, or the address of its socket. The words of `supervisorctl status NAME`; undefined
 * where this is not the way to ask. Rejects when nobody answers. */
export async function supervisorSays(
  name: string,
  at: string | undefined,
  read: (file: string) => Promise<string>,
): Promise<string | undefined> {
  const socket = await socketOf(at, read);
  if (socket === undefined) return undefined;
  const answer = await post(socket, call('supervisor.getProcessInfo', name));
  const state = /<name>statename<\/name>\s*<value><string>([A-Z]+)<\/string>/.exec(answer)?.[1];
  if (state !== undefined) return `${name} ${state}`;
  return /<name>faultString<\/name>\s*<value><string>BAD_NAME\b/.test(answer) ? `${name}: ERROR (no such process)` : undefined;
}

async function socketOf(at: string | undefined, read: (file: string) => Promise<string>): Promise<string | undefined> {
  if (at?.startsWith('unix://')) return at.slice('unix://'.length);
  if (at === undefined || !path.isAbsolute(at)) return undefined;
  const sections = sectionsOf(await read(at));
  const control = sections.get('supervisorctl');
  const server = sections.get('unix_http_server');
  if (control?.has('username') || server?.has('username')) return undefined;
  const named = control?.get('serverurl') ?? `unix://${server?.get('file') ?? ''}`;
  const file = named.startsWith('unix://') ? named.slice('unix://'.length).replaceAll('%(here)s', path.dirname(at)) : '';
  return path.isAbsolute(file) && !file.includes('%(') ? file : undefined;
}

/** Its configuration is an INI file, with comments after a space and `;`. */
function sectionsOf(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const line of text.split('\n')) {
    const title = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (title !== undefined) {
      section = new Map();
      sections.set(title, section);
      continue;
    }
    const [, key, value = ''] = /^([a-z_]+)\s*[=:]\s*(.*?)\s*(?:\s;.*)?$/.exec(line) ?? [];
    if (key !== undefined) section?.set(key, value);
  }
  return sections;
}

function call(method: string, argument: string): string {
  const text = argument.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params><param><value><string>${text}</string></value></param></params></methodCall>`;
}

function post(socketPath: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = process.getBuiltinModule('node:http').request({
      socketPath,
      path: '/RPC2',
      method: 'POST',
      headers: { host: 'localhost', 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) },
      timeout: PATIENCE_MS,
      agent: false,
    });
    const give = (error: Error): void => void request.destroy(error);
    request.on('timeout', () => give(new Error('supervisord did not answer')));
    request.on('error', reject);
    request.on('response', (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        answer += chunk;
        if (answer.length > ANSWER_MAX) give(new Error('The answer of supervisord is too long'));
      });
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200 ? resolve(answer) : reject(new Error(`supervisord answered ${response.statusCode}`)),
      );
    });
    request.end(body);
  });
}
