// Where the window is: the part of the address after `#`, so that the same files work from a server and from a folder.
import { useEffect, useState } from 'preact/hooks';

export type Route =
  | { readonly view: 'overview' }
  | { readonly view: 'service'; readonly id: string }
  | { readonly view: 'incidents'; readonly service: string | undefined }
  /** `program`: the service whose program is to be chosen. */
  | { readonly view: 'settings'; readonly program: string | undefined }
  | { readonly view: 'welcome' }
  | { readonly view: 'watch' }
  | { readonly view: 'nowhere' };

export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', ...rest] = path.split('/').map(decode);
  if (view === '') return { view: 'overview' };
  if (view === 'service' && rest[0]) return { view: 'service', id: rest[0] };
  if (view === 'incidents') return { view: 'incidents', service: new URLSearchParams(query).get('service') ?? undefined };
  if (view === 'settings') return { view, program: new URLSearchParams(query).get('program') ?? undefined };
  if (view === 'watch' || view === 'welcome') return { view };
  return { view: 'nowhere' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function serviceHref(id: string): string {
  return `#/service/${encodeURIComponent(id)}`;
}

/** The engine, which makes the first picture, has no address: that is the overview. */
const hashNow = (): string => globalThis.location?.hash ?? '';

export function useRoute(): Route {
  const [hash, setHash] = useState(hashNow);
  useEffect(() => {
    const changed = () => setHash(hashNow());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return routeOf(hash);
}
