// Names and addresses of all operations: data without schemas, so that a client can load it alone.
// `operations.ts` gives each its shapes; a missing entry there does not compile.

/** In the place of an alert's id, for `claim`: the one that waits longest. No alert has this id, they all have a dot. */
export const NEXT_ALERT = 'next';

export const ROUTES = {
  status: { kind: 'query', method: 'GET', path: '/api/v1/status' },
  service: { kind: 'query', method: 'GET', path: '/api/v1/services/:id' },
  /** Lines of the audit trail. */
  trail: { kind: 'query', method: 'GET', path: '/api/v1/trail' },
  /** Points of a graph. */
  history: { kind: 'query', method: 'GET', path: '/api/v1/history' },
  overview: { kind: 'query', method: 'GET', path: '/api/v1/overview' },
  incidents: { kind: 'query', method: 'GET', path: '/api/v1/incidents' },
  alerts: { kind: 'query', method: 'GET', path: '/api/v1/alerts' },
  config: { kind: 'query', method: 'GET', path: '/api/v1/config' },
  schema: { kind: 'query', method: 'GET', path: '/api/v1/config/schema' },
  discover: { kind: 'query', method: 'GET', path: '/api/v1/discover' },
  validate: { kind: 'command', method: 'POST', path: '/api/v1/config/validate' },
  saveConfig: { kind: 'command', method: 'PUT', path: '/api/v1/config' },
  /** What another configuration would have made of the past. */
  replay: { kind: 'command', method: 'POST', path: '/api/v1/config/replay' },
  check: { kind: 'command', method: 'POST', path: '/api/v1/services/:id/check' },
  heal: { kind: 'command', method: 'POST', path: '/api/v1/services/:id/heal' },
  pause: { kind: 'command', method: 'POST', path: '/api/v1/services/:id/pause' },
  resume: { kind: 'command', method: 'POST', path: '/api/v1/services/:id/resume' },
  ack: { kind: 'command', method: 'POST', path: '/api/v1/services/:id/ack' },
  start: { kind: 'command', method: 'POST', path: '/api/v1/services/:id/start' },
  /** Ends who holds the port of a service, by a person's word. */
  freePort: { kind: 'command', method: 'POST', path: '/api/v1/services/:id/free-port' },
  stop: { kind: 'command', method: 'POST', path: '/api/v1/services/:id/stop' },
  claim: { kind: 'command', method: 'POST', path: '/api/v1/alerts/:id/claim' },
  done: { kind: 'command', method: 'POST', path: '/api/v1/alerts/:id/done' },
  release: { kind: 'command', method: 'POST', path: '/api/v1/alerts/:id/release' },
} as const satisfies Record<string, { kind: 'query' | 'command'; method: 'GET' | 'POST' | 'PUT'; path: string }>;

export type OperationName = keyof typeof ROUTES;

/** What the window's first view asks for. The page brings the answers along, so that nothing is waited for twice. */
export const FIRST_VIEW = { status: {}, overview: { days: 90 } } as const satisfies { readonly [N in OperationName]?: object };
/** The element of the page that holds them: JSON, each answer by the target of its request. */
export const KNOWN_ID = 'known';
/** The attribute of `#app` while what is in it was drawn by the engine, from these answers. */
export const PICTURE_MARK = 'data-picture';

/** An operation as a request, for every client: its address with the id and, for a query, its fields in it, else the JSON of them as its body. */
export function requestOf(name: OperationName, input: object): { method: string; target: string; body: string | undefined } {
  const { kind, method, path } = ROUTES[name];
  const fields = new Map(Object.entries(input as Record<string, unknown>));
  const address = path.replace(':id', () => encodeURIComponent(String(fields.get('id') ?? '')));
  if (path.includes(':id')) fields.delete('id');
  if (kind === 'command') return { method, target: address, body: JSON.stringify(Object.fromEntries(fields)) };
  const query = new URLSearchParams(
    [...fields].flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, String(value)]])),
  );
  return { method, target: query.size > 0 ? `${address}?${query}` : address, body: undefined };
}
