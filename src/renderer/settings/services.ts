// Edits of the list of services, each as a change of the file's text: add, remove, watch what was discovered, allow a
// proposed repair. Pure: text in, text out.
import { blankOf, type Field } from './fields.ts';
import { type Json, jsonOf, moveTo, type Path, removeAt, setAt } from './json-text.ts';
import { valueAt } from './path.ts';

type Raw = { readonly [key: string]: Json };

export function servicesOf(text: string): readonly Raw[] {
  const services = valueAt(jsonOf(text), ['services']);
  return Array.isArray(services) ? services.map((one) => (typeof one === 'object' && one !== null ? (one as Raw) : {})) : [];
}

/** What people read of a service. */
export function nameOf(service: Raw, index: number): string {
  const { name, id } = service;
  return (typeof name === 'string' && name) || (typeof id === 'string' && id) || `Service ${index + 1}`;
}

function freeId(text: string, wish: string): string {
  const taken = new Set(servicesOf(text).map(({ id }) => id));
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? wish : `${wish}-${n}`;
    if (!taken.has(id)) return id;
  }
}

/** With one more service, whose check is of `type` and has its required keys, still empty. */
export function addService(text: string, service: Field, type: string): string {
  const check = service.control.kind === 'object' ? service.control.fields.find(({ key }) => key === 'check') : undefined;
  const value: Json = { id: freeId(text, `new-${type}`), check: check ? blankOf(check.control, type) : { type } };
  return setAt(text, ['services', servicesOf(text).length], value);
}

/** Names of the services that depend on the one at `index`. */
export function dependents(text: string, index: number): string[] {
  const services = servicesOf(text);
  const id = services[index]?.['id'];
  return services.flatMap((service, n) =>
    Array.isArray(service['dependsOn']) && service['dependsOn'].includes(id as Json) ? [nameOf(service, n)] : [],
  );
}

/** Without the service at `index`, and without its id in what depends on it: the file would be refused with it. */
export function removeService(text: string, index: number): string {
  const services = servicesOf(text);
  const id = services[index]?.['id'];
  const without = services.reduce((left, { dependsOn }, n) => {
    const at = Array.isArray(dependsOn) ? dependsOn.indexOf(id as Json) : -1;
    return at < 0 || id === undefined ? left : removeAt(left, ['services', n, 'dependsOn', at]);
  }, text);
  return removeAt(without, ['services', index]);
}

/** The proposed repair moves to the end of `recovery`, written as it was. */
export function allowRepair(text: string, index: number, proposal: number): string {
  return moveTo(text, ['services', index, 'proposed', proposal], ['services', index, 'recovery']);
}

/** Every proposed repair moves to `recovery`. */
export function allowAllRepairs(text: string): string {
  return servicesOf(text).reduce((before, { proposed }, n) => {
    const count = Array.isArray(proposed) ? proposed.length : 0;
    return Array.from({ length: count }).reduce((one: string) => allowRepair(one, n, 0), before);
  }, text);
}

/** Where the name of the program stands that was not found, below its service: in its check, or in its repair of that type. */
export function programPlace(service: Raw, of: 'check' | 'repair', remedy?: string): Path | undefined {
  const recovery = Array.isArray(service['recovery']) ? service['recovery'] : [];
  const places: Path[] =
    of === 'check'
      ? [['check', 'run', 0]]
      : recovery.flatMap((one, n) =>
          valueAt(one, ['type']) === remedy
            ? [
                ['recovery', n, 'run', 0],
                ['recovery', n, 'start', 0],
              ]
            : [],
        );
  return places.find((place) => typeof valueAt(service, place) === 'string');
}

/** With what was discovered as a new service; its repair proposed only, or allowed. */
export function watchService(text: string, found: Raw, withRepair: boolean): string {
  const { proposed, recovery, ...rest } = found;
  const remedies: Raw = withRepair
    ? { recovery: proposed ?? recovery ?? [] }
    : { recovery: recovery ?? [], ...(proposed ? { proposed } : {}) };
  const id = freeId(text, String(found['id']));
  return setAt(text, ['services', servicesOf(text).length], { ...rest, id, ...remedies });
}
