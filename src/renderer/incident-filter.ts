// Filtering, grouping and exporting incidents. Pure.
import type { IncidentView } from '../contract/operations.ts';

export interface Filter {
  readonly service: string;
  readonly text: string;
}

/** Newest first. `text` is looked for in what was seen, the reason, and the service's name. */
export function filterIncidents(all: readonly IncidentView[], { service, text }: Filter, nameOf: (id: string) => string): IncidentView[] {
  const wanted = text.trim().toLowerCase();
  const found = all.filter(
    (incident) =>
      (service === '' || incident.service === service) &&
      (wanted === '' ||
        incident.message.toLowerCase().includes(wanted) ||
        incident.reason.includes(wanted) ||
        incident.service.includes(wanted) ||
        nameOf(incident.service).toLowerCase().includes(wanted)),
  );
  return found.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

export type Row =
  | { readonly kind: 'day'; readonly atMs: number; readonly count: number }
  | { readonly kind: 'incident'; readonly incident: IncidentView; readonly index: number };

/** Headings of days between the incidents; the days are those of the reader's own time zone. */
export function rowsOf(incidents: readonly IncidentView[]): Row[] {
  const rows: Row[] = [];
  let day = '';
  let heading: { kind: 'day'; atMs: number; count: number } | undefined;
  incidents.forEach((incident, index) => {
    const atMs = Date.parse(incident.startedAt);
    const own = new Date(atMs).toDateString();
    if (own !== day || !heading) {
      day = own;
      heading = { kind: 'day', atMs, count: 0 };
      rows.push(heading);
    }
    heading.count += 1;
    rows.push({ kind: 'incident', incident, index });
  });
  return rows;
}

const COLUMNS = [
  'id',
  'service',
  'startedAt',
  'endedAt',
  'seconds',
  'reason',
  'message',
  'strikes',
  'alerted',
  'attempts',
  'lastRemedy',
  'lastOutcome',
] as const;

/** RFC 4180, with a head line. A cell that a spreadsheet would take for a formula gets an apostrophe before it. */
export function toCsv(incidents: readonly IncidentView[]): string {
  const lines = incidents.map((incident) => {
    const last = incident.attempts.at(-1);
    const seconds = incident.endedAt ? Math.round((Date.parse(incident.endedAt) - Date.parse(incident.startedAt)) / 1_000) : '';
    return [
      incident.id,
      incident.service,
      incident.startedAt,
      incident.endedAt ?? '',
      seconds,
      incident.reason,
      incident.message,
      incident.strikes,
      incident.alerted ?? '',
      incident.attempts.length,
      last?.remedy ?? '',
      last?.outcome ?? '',
    ]
      .map((cell) => cellText(String(cell)))
      .join(',');
  });
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

function cellText(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
