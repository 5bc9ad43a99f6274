// The readings of one transaction, written together at its end in the order of their table: a row by itself costs three times as
// much, and readings of a thousand services in the order of time touch a page of the file each (bench/tcp-checks.ts). Holds numbers
// only, and holds them in the same arrays again.
import { type Tables, READINGS_TOGETHER as TOGETHER } from './history-tables.ts';

const COLUMNS = 5;
/** A place in the arrays is told from the service by this: more readings do not wait. */
const MOST_PLACES = 2 ** 21;

export interface Readings {
  add(service: number, at: number, status: number, latency: number | null, value: number | null): void;
  /** Writes all that were added. Of two in the same millisecond the later one is told to be of the next. */
  settle(): void;
}

export function createReadings(tables: Pick<Tables, 'addReading' | 'addReadings'>): Readings {
  const rows: (number | null)[] = [];
  const some: (number | null)[] = [];
  let count = 0;

  function settle(): void {
    if (count === 0) return;
    const order = inOrder();
    count = 0;
    let next = 0;
    for (; next + TOGETHER <= order.length; next += TOGETHER) {
      for (let index = 0; index < TOGETHER; index += 1) {
        const from = ((order[next + index] as number) % MOST_PLACES) * COLUMNS;
        for (let column = 0; column < COLUMNS; column += 1) some[index * COLUMNS + column] = rows[from + column] as number | null;
      }
      if (!tables.addReadings(some)) for (let index = 0; index < TOGETHER; index += 1) addOne(some, index * COLUMNS);
    }
    for (; next < order.length; next += 1) addOne(rows, ((order[next] as number) % MOST_PLACES) * COLUMNS);
  }

  /** Places by service and, within it, as they came: nearly always in the order of time. */
  function inOrder(): Float64Array {
    const order = new Float64Array(count);
    for (let place = 0; place < count; place += 1) order[place] = (rows[place * COLUMNS] as number) * MOST_PLACES + place;
    return order.sort();
  }

  function addOne(from: readonly (number | null)[], at: number): void {
    const [service, first, status, latency, value] = from.slice(at, at + COLUMNS) as [number, number, number, number | null, number | null];
    let readAt = first;
    while (!tables.addReading(service, readAt, status, latency, value)) readAt += 1;
  }

  return {
    add(service, at, status, latency, value) {
      const from = count * COLUMNS;
      rows[from] = service;
      rows[from + 1] = at;
      rows[from + 2] = status;
      rows[from + 3] = latency;
      rows[from + 4] = value;
      count += 1;
      if (count === MOST_PLACES) settle();
    },
    settle,
  };
}
