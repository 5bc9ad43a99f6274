// All incidents of all services: filter, days, each opens in place with its story, export. Ten thousand scroll like ten.
// Over 250 lines of markup; what decides stands in incident-filter.ts.
import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import '../service.css';
import '../incidents.css';
import type { IncidentView } from '../../contract/operations.ts';
import { client } from '../client.ts';
import { filterIncidents, type Row, rowsOf, toCsv } from '../incident-filter.ts';
import { serviceHref } from '../router.ts';
import { knownOf, useAnswer, useLive } from '../store.ts';
import { clockText, dayHeading, spanText } from '../time-words.ts';
import { Button } from '../ui/button.tsx';
import { Empty, Skeleton } from '../ui/card.tsx';
import { Glyph, Silhouette } from '../ui/icon.tsx';
import { Segmented } from '../ui/segmented.tsx';
import { Story } from '../ui/story.tsx';
import { useNow } from '../ui/time.tsx';
import { Measured, Virtual } from '../ui/virtual.tsx';
import { alertedText, attemptText, endText, incidentText } from '../words.ts';

const DAY_MS = 86_400_000;
const SPANS = [
  { value: '7', text: '7 d', label: '7 days' },
  { value: '30', text: '30 d', label: '30 days' },
  { value: '90', text: '90 d', label: '90 days' },
  { value: '730', text: '2 y', label: '2 years' },
];
const ROW_PX = 64;
const ROW_NARROW_PX = 84;
const DAY_PX = 48;

export function Incidents({ service: asked }: { service?: string }) {
  const services = useLive((live) => live.snapshot?.services);
  const changes = useLive((live) =>
    live.snapshot?.services.map((view) => `${view.consecutiveFailures > 0}${view.lastAttempt?.outcome}${view.alerting}`).join(),
  );
  const [days, setDays] = useState('30');
  const [service, setService] = useState(asked ?? '');
  const [text, setText] = useState('');
  const now = useNow(30_000);
  const since = Math.floor((Date.now() - Number(days) * DAY_MS) / 60_000) * 60_000;
  const { answer } = useAnswer(
    `incidents:${days}:${changes}`,
    () => client.ask('incidents', { from: new Date(since).toISOString() }),
    true,
  );
  const all = knownOf(answer);

  const names = new Map((services ?? []).map((view) => [view.id, view.name]));
  const nameOf = (id: string): string => names.get(id) ?? id;
  const shown = useMemo(() => filterIncidents(all ?? [], { service, text }, nameOf), [all, service, text, services]);
  const gone = [...new Set((all ?? []).map((incident) => incident.service))].filter((id) => !names.has(id));

  return (
    <>
      <header class="view-head">
        <h1>Incidents</h1>
        <div class="view-actions">
          <Button
            why={shown.length === 0 ? 'there is nothing to export' : undefined}
            onPress={() => save('incidents.csv', 'text/csv', toCsv(shown))}
            testId="csv"
          >
            Export CSV
          </Button>
          <Button
            why={shown.length === 0 ? 'there is nothing to export' : undefined}
            onPress={() => save('incidents.json', 'application/json', JSON.stringify(shown, undefined, 2))}
            testId="json"
          >
            Export JSON
          </Button>
        </div>
      </header>
      {/* biome-ignore lint/a11y/useSemanticElements: the search element is not yet everywhere */}
      <div class="filters" role="search">
        <label class="search">
          <Glyph name="search" />
          <span class="vh">Search incidents</span>
          <input
            type="search"
            placeholder="Search"
            value={text}
            onInput={(event) => setText((event.currentTarget as HTMLInputElement).value)}
          />
        </label>
        <span class="select">
          <select aria-label="Service" value={service} onChange={(event) => setService((event.currentTarget as HTMLSelectElement).value)}>
            <option value="">All services</option>
            {services?.map((view) => (
              <option key={view.id} value={view.id}>
                {view.name}
              </option>
            ))}
            {gone.map((id) => (
              <option key={id} value={id}>
                {id} (not watched any more)
              </option>
            ))}
          </select>
          <Glyph name="down" size={14} />
        </span>
        <Segmented label="Time range" options={SPANS} value={days} onPick={setDays} />
      </div>
      <p class="count" role="status">
        {all ? countText(shown, all.length) : answer.kind === 'failed' ? '' : 'Asking for the incidents…'}
      </p>
      {!all && answer.kind === 'failed' ? (
        <Empty title="The incidents cannot be read">
          <p>{answer.error.message}</p>
        </Empty>
      ) : !all ? (
        <Skeleton lines={6} />
      ) : shown.length === 0 ? (
        <Nothing isFiltered={all.length > 0} />
      ) : (
        <List incidents={shown} nameOf={nameOf} nowMs={now} />
      )}
    </>
  );
}

function countText(shown: readonly IncidentView[], total: number): string {
  const down = shown.reduce(
    (sum, incident) => sum + (incident.endedAt ? Date.parse(incident.endedAt) - Date.parse(incident.startedAt) : 0),
    0,
  );
  const count = `${shown.length.toLocaleString('en')} ${shown.length === 1 ? 'incident' : 'incidents'}`;
  return `${shown.length === total ? count : `${count} of ${total.toLocaleString('en')}`}${down > 0 ? `, ${spanText(down)} in all` : ''}`;
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="Nothing matches">
      <p>Try fewer words, another service or a longer time.</p>
    </Empty>
  ) : (
    <Empty title="No incident in this time" art={<Silhouette shape="check" tone="green" size={52} />}>
      <p>Everything that is watched has been well.</p>
    </Empty>
  );
}

function List({ incidents, nameOf, nowMs }: { incidents: readonly IncidentView[]; nameOf: (id: string) => string; nowMs: number }) {
  const rows = useMemo(() => rowsOf(incidents), [incidents]);
  const [open, setOpen] = useState<string | undefined>();
  const [openHeight, setOpenHeight] = useState(0);
  const [chosen, setAt] = useState(0);
  // A filter may have taken the row that had the focus.
  const at = Math.min(chosen, incidents.length - 1);
  const place = useRef<HTMLDivElement>(null);
  const isNarrow = innerWidth < 640;
  const heightOf = useCallback(
    (row: Row) => {
      if (row.kind === 'day') return DAY_PX;
      return (isNarrow ? ROW_NARROW_PX : ROW_PX) + (row.incident.id === open ? openHeight : 0);
    },
    [open, openHeight, isNarrow],
  );
  const focusRow = rows.findIndex((row) => row.kind === 'incident' && row.index === at);

  function onKey(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLElement) || !event.target.matches('.row-button')) return;
    const go: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + 10,
      PageUp: at - 10,
      Home: 0,
      End: incidents.length - 1,
    };
    const next = go[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(incidents.length - 1, next));
    setAt(index);
    // The row may come into being only now.
    requestAnimationFrame(() => {
      const button = place.current?.querySelector<HTMLElement>(`[data-index="${index}"]`);
      button?.focus({ preventScroll: true });
      button?.scrollIntoView({ block: 'nearest' });
    });
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrows walk between the rows' own buttons
    <div ref={place} class="incidents" onKeyDown={(event) => onKey(event as unknown as KeyboardEvent)}>
      <Virtual
        rows={rows}
        heightOf={heightOf}
        keep={focusRow}
        keyOf={(row) => (row.kind === 'day' ? `day-${row.atMs}` : row.incident.id)}
        render={(row) =>
          row.kind === 'day' ? (
            <h2 class="day">
              {dayHeading(row.atMs, nowMs)}
              <small>
                {row.count} {row.count === 1 ? 'incident' : 'incidents'}
              </small>
            </h2>
          ) : (
            <Line
              incident={row.incident}
              index={row.index}
              total={incidents.length}
              isOpen={row.incident.id === open}
              isStop={row.index === at}
              name={nameOf(row.incident.service)}
              nowMs={nowMs}
              onToggle={() => {
                setAt(row.index);
                setOpenHeight(0);
                setOpen(row.incident.id === open ? undefined : row.incident.id);
              }}
              onHeight={setOpenHeight}
            />
          )
        }
      />
    </div>
  );
}

interface LineProps {
  readonly incident: IncidentView;
  readonly index: number;
  readonly total: number;
  readonly isOpen: boolean;
  readonly isStop: boolean;
  readonly name: string;
  readonly nowMs: number;
  onToggle(): void;
  onHeight(height: number): void;
}

function Line({ incident, index, total, isOpen, isStop, name, nowMs, onToggle, onHeight }: LineProps) {
  const last = incident.attempts.at(-1);
  return (
    <article
      class={`row${isOpen ? ' is-open' : ''}`}
      aria-posinset={index + 1}
      aria-setsize={total}
      aria-label={`${name}: ${incidentText(incident)}`}
    >
      <button type="button" class="row-button" data-index={index} tabIndex={isStop ? 0 : -1} aria-expanded={isOpen} onClick={onToggle}>
        <IncidentMark incident={incident} />
        <time dateTime={incident.startedAt} data-tip="">
          {clockText(incident.startedAt)}
        </time>
        <span class="row-words">
          <strong>{name}</strong>
          <span>{incidentText(incident)}</span>
        </span>
        <span class="row-end">
          <span class={incident.endedAt ? '' : `is-open${incident.alerted ? ' is-told' : ''}`}>{endText(incident, nowMs)}</span>
          <small>
            {incident.alerted ? alertedText(incident.alerted) : last?.outcome === 'refused' ? attemptText(last).toLowerCase() : ''}
          </small>
        </span>
        <Glyph name="chevron" size={14} />
      </button>
      {isOpen && (
        <Measured onHeight={onHeight}>
          <div class="row-story">
            <Story incident={incident} nowMs={nowMs} />
            <a href={serviceHref(incident.service)}>All about {name}</a>
          </div>
        </Measured>
      )}
    </article>
  );
}

/** Told: an octagon. Quietly healed: a ring with a plus. Over by itself: a hollow ring. Still going on: a diamond. */
function IncidentMark({ incident }: { incident: IncidentView }) {
  if (!incident.endedAt) return <Silhouette shape="diamond" tone={incident.alerted ? 'red' : 'amber'} size={18} />;
  if (incident.alerted) return <Silhouette shape="octagon" tone="red" size={18} />;
  if (incident.attempts.some((attempt) => attempt.outcome === 'succeeded')) return <Silhouette shape="repair" tone="amber" size={18} />;
  return <Silhouette shape="hollow" tone="grey" size={18} />;
}

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
