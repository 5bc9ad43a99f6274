// Names for what was found: what a person would call it, and ids made from that. Pure; touches nothing.
import { basename, dirname } from 'node:path';

/** Says nothing about which app it is, so its folder names it. */
const GENERIC =
  /^(app|main|index|server|serve|start|run|dev|manage|wsgi|asgi|cli|api|web|bot|http\.server|__main__|uvicorn|gunicorn|flask|next|vite|npm|node|python[\d.]*)$/i;
const GENERIC_FOLDER = /^(src|dist|build|out|bin|lib|app|server|current|public|site-packages|node_modules|tmp|temp|www|html)$/i;

/** `Fitness Tracker` for ~/clawd/fitness-tracker/app.py, `Redis Server` for redis-server. `program` is a script or a program. */
export function appName(program: string, cwd: string | undefined, userHome: string): string {
  const bare = basename(program).replace(/\.(py|m?js|cjs|m?ts|rb|pl|php|sh|jar|exe)$/i, '');
  const isGeneric = GENERIC.test(bare) || bare === '';
  for (let folder = cwd; isGeneric && folder !== undefined && !['/', '/tmp', userHome].includes(folder); folder = dirname(folder)) {
    const name = basename(folder);
    if (!GENERIC_FOLDER.test(name) && idOf(name) !== '') return titleOf(name);
    if (dirname(folder) === folder) break;
  }
  return titleOf(bare);
}

/** `homebrew.mxcl.redis` → `Redis`; a last part that says nothing takes the one before it along. */
export function agentName(label: string): string {
  const parts = label.split('.');
  const isGeneric = /^(agent|daemon|server|service|helper|gateway|app|main|plist)$/i.test(parts.at(-1) ?? '');
  return titleOf(parts.slice(isGeneric ? -2 : -1).join(' '));
}

function titleOf(text: string): string {
  const words = text.replace(/([a-z\d])([A-Z])/g, '$1 $2').split(/[^\p{L}\p{N}]+/u);
  const title = words.filter((word) => word !== '').map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`);
  return title.join(' ').slice(0, 60) || 'Service';
}

/** Kebab-case of a name, at most 50 letters; empty when nothing of it can stand in an id. */
function idOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return plain.slice(0, 50).replace(/^-+|-+$/g, '');
}

/** Gives ids that are unique among all that it gave, and those `taken` before. */
export function uniqueIds(taken: Iterable<string>): (name: string, port?: number) => string {
  const given = new Set(taken);
  return (name, port) => {
    const bare = idOf(name) || (port === undefined ? 'service' : `port-${port}`);
    const stem = given.has(bare) && port !== undefined ? `${bare}-${port}` : bare;
    let id = stem;
    for (let n = 2; given.has(id); n += 1) id = `${stem}-${n}`;
    given.add(id);
    return id;
  };
}
