// `localhost` is this machine whatever anybody says (RFC 6761 section 6.3), so the system is not asked for it: it looks names up two at
// a time, and while no server answers for two others, a service that is well would seem to give no answer. Pure.
import type { LookupFunction } from 'node:net';

const ADDRESSES = [
  { address: '::1', family: 6 },
  { address: '127.0.0.1', family: 4 },
];

/** How this host is found, where not by the system's own way. */
export function lookupOf(host: string): LookupFunction | undefined {
  return host === 'localhost' ? lookUpLocalhost : undefined;
}

const lookUpLocalhost: LookupFunction = (_host, options, told) => {
  const [first] = ADDRESSES as [(typeof ADDRESSES)[number]];
  process.nextTick(() => (options.all ? told(null, ADDRESSES) : told(null, first.address, first.family)));
};
