// Everything about one service: how it stands, what can be done, its graph, its incidents with reasons, what remedies printed,
// its configuration. Over 250 lines: it is the list of these parts, each a few lines of markup.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import '../service.css';
import type { DayBar } from '../../contract/history.ts';
import type { IncidentView } from '../../contract/operations.ts';
import { missesProgram } from '../../contract/program.ts';
import type { ServiceView as View } from '../../contract/snapshot.ts';
import { client } from '../client.ts';
import { servicePart } from '../config-part.ts';
import { faceOf } from '../face.ts';
import { clampRange, lastRange, RANGES, type Range } from '../range.ts';
import { knownOf, useAnswer, useLive } from '../store.ts';
import { percentText, pointText, recordedSince, valueText } from '../time-words.ts';
import { ActionBar } from '../ui/action-bar.tsx';
import { Days } from '../ui/bars.tsx';
import { Button, LinkButton } from '../ui/button.tsx';
import { Banner, Empty, Section, Skeleton } from '../ui/card.tsx';
import { Graph } from '../ui/graph.tsx';
import { Glyph, Silhouette } from '../ui/icon.tsx';
import { Segmented } from '../ui/segmented.tsx';
import { Output, Story } from '../ui/story.tsx';
import { useNow, When } from '../ui/time.tsx';
import { attemptText, endText, incidentText, sentenceOf } from '../words.ts';

const MOST_INCIDENTS = 12;
const DAY_MS = 86_400_000;
/** Uptimes, and over how many days. */
const SPANS = [
  ['24h', 1],
  ['7d', 7],
  ['30d', 30],
] as const;

export function ServiceView({ id = '' }: { id?: string }) {
  const view = useLive((live) => live.snapshot?.services.find((one) => one.id === id));
  const isKnown = useLive((live) => live.snapshot !== undefined);
  if (view) return <Whole view={view} />;
  if (!isKnown) return <Skeleton lines={5} />;
  return (
    <Empty level="h1" title={`There is no service ${id}`}>
      <p>It may have been renamed or taken out of the configuration.</p>
      <a class="button plain" href="#/">
        To the overview
      </a>
    </Empty>
  );
}

function Whole({ view }: { view: View }) {
  const now = useNow(30_000);
  const face = faceOf(view);
  const changes = `${view.id}:${view.consecutiveFailures}:${view.lastAttempt?.id}:${view.lastAttempt?.outcome}:${view.alerting}`;
  const since = new Date(now - 730 * DAY_MS).toISOString().slice(0, 10);
  const incidents = useAnswer(
    `incidents:${changes}`,
    () => client.ask('incidents', { service: view.id, from: `${since}T00:00:00.000Z` }),
    true,
  );
  const list = knownOf(incidents.answer);
  const open = list?.find((incident) => incident.endedAt === null);
  const overview = useAnswer(`days:${changes}`, () => client.ask('overview', { days: 90 }), true);
  const days = knownOf(overview.answer)?.find((entry) => entry.service === view.id)?.days ?? [];
  const sentence = sentenceOf(view, { nowMs: useNow(5_000), incident: open });

  return (
    <>
      <a class="back" href="#/">
        <Glyph name="back" size={14} />
        Overview
      </a>
      <header class="service-head">
        <Silhouette {...face} size={44} />
        <div>
          <h1>{view.name}</h1>
          <p class="service-state">
            <span class={`badge tone-${face.tone}`}>{face.word}</span> {sentence}
          </p>
        </div>
      </header>
      <ActionBar view={view} isFull />
      {missesProgram(view) && (
        <Banner
          kind="warning"
          title={missesProgram(view) === 'check' ? 'The program that looks was not found' : 'The program of its repair was not found'}
          text={
            missesProgram(view) === 'check'
              ? `${view.message}. That says nothing about ${view.name}.`
              : 'Say where it is; the PATH of the engine may be another than your terminal’s.'
          }
        >
          <LinkButton href={`#/settings?program=${encodeURIComponent(view.id)}`}>Say where it is</LinkButton>
        </Banner>
      )}
      <Figures view={view} days={days} />
      <div class="service-days">
        <Days days={days} name={view.name} />
      </div>
      <GraphSection view={view} incidents={list ?? []} />
      <Section
        title="Incidents"
        id="incidents"
        aside={
          list && list.length > MOST_INCIDENTS ? (
            <a href={`#/incidents?service=${encodeURIComponent(view.id)}`}>All {list.length}</a>
          ) : undefined
        }
      >
        <IncidentList list={list} error={incidents.answer.kind === 'failed' ? incidents.answer.error.message : undefined} nowMs={now} />
      </Section>
      <Repairs view={view} />
      <LastOutput list={list ?? []} nowMs={now} />
      <Configuration id={view.id} />
    </>
  );
}

function Figures({ view, days }: { view: View; days: readonly DayBar[] }) {
  return (
    <>
      <dl class="figures">
        <Figure name={view.status === 'ok' ? 'Well for' : 'In this state for'}>
          {view.since ? <When at={view.since} form="span" /> : 'not known'}
        </Figure>
        <Figure name="Last check">{view.lastCheckAt ? <When at={view.lastCheckAt} /> : 'none yet'}</Figure>
        <Figure name="Next check">{view.nextCheckAt ? <When at={view.nextCheckAt} form="coming" /> : 'none planned'}</Figure>
        {view.value !== null ? (
          <Figure name="Value">
            {valueText(view.value, view.unit)}
            {view.limit !== null && <small> limit {valueText(view.limit, view.unit)}</small>}
          </Figure>
        ) : (
          <Figure name="Answer time">{view.latencyMs === null ? 'not measured' : valueText(view.latencyMs, 'ms')}</Figure>
        )}
        {SPANS.map(([span, most]) => (
          <Figure key={span} name={`Uptime ${span.replace(/(\d+)/, '$1 ')}`}>
            {/* Not before it is known since when: a share of an hour must not stand there as one of 30 days. */}
            {view.uptime[span] === null ? 'no record' : days.length === 0 ? '…' : percentText(view.uptime[span])}
            <small> {recordedSince(days, most)}</small>
          </Figure>
        ))}
      </dl>
      <p class="figures-note">Uptime leaves out paused, stopped, unknown and sleeping time.</p>
    </>
  );
}

function Figure({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function GraphSection({ view, incidents }: { view: View; incidents: readonly IncidentView[] }) {
  const now = useNow(30_000);
  const [preset, setPreset] = useState<string | undefined>('24 h');
  const [own, setOwn] = useState<Range | undefined>();
  const [metric, setMetric] = useState<'value' | 'latency'>(view.value !== null ? 'value' : 'latency');
  const spanMs = RANGES.find((range) => range.name === preset)?.spanMs ?? DAY_MS;
  const range = own ?? lastRange(spanMs, now);
  const asked = useSettled(range, 120);
  const points = Math.min(600, Math.max(120, Math.round(innerWidth / 2)));
  const { answer } = useAnswer(
    `history:${view.id}:${metric}:${asked.fromMs}:${asked.toMs}`,
    () =>
      client.ask('history', {
        service: view.id,
        from: new Date(asked.fromMs).toISOString(),
        to: new Date(asked.toMs).toISOString(),
        points,
        metric,
      }),
    true,
  );
  const series = knownOf(answer);
  const shown = series?.service === view.id && series.metric === metric ? series : undefined;
  const word = metric === 'latency' ? 'Answer time' : view.unit === 'bytes' ? 'Size' : view.unit === 'count' ? 'Count' : 'Value';
  return (
    <Section
      title={`${word} over time`}
      id="graph"
      aside={
        <div class="graph-choices">
          {view.value !== null && (
            <Segmented
              label="What is shown"
              options={[
                { value: 'value', text: 'Value' },
                { value: 'latency', text: 'Answer time' },
              ]}
              value={metric}
              onPick={(next) => setMetric(next as 'value' | 'latency')}
            />
          )}
          <Segmented
            label="Time range"
            options={RANGES.map(({ name, long }) => ({ value: name, text: name, label: long }))}
            value={own ? undefined : preset}
            onPick={(next) => {
              setPreset(next);
              setOwn(undefined);
            }}
          />
        </div>
      }
    >
      {answer.kind === 'failed' && !shown && <p class="quiet-note">The history cannot be read: {answer.error.message}</p>}
      <Graph
        label={`${word} of ${view.name}`}
        series={shown}
        incidents={incidents}
        range={range}
        nowMs={now}
        isLoading={answer.kind === 'loading'}
        onRange={(next) => setOwn(clampRange(next, Date.now()))}
        onReset={() => setOwn(undefined)}
      />
      {own && (
        <p class="graph-reset">
          <Button kind="quiet" onPress={() => setOwn(undefined)}>
            Show the last {RANGES.find((one) => one.name === preset)?.long} again
          </Button>
        </p>
      )}
    </Section>
  );
}

/** The range after it has stood still: a hand that pans must not ask for every pixel. */
function useSettled(range: Range, waitMs: number): Range {
  const [settled, setSettled] = useState(range);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(range), waitMs);
    return () => clearTimeout(timer);
  }, [range.fromMs, range.toMs]);
  return settled;
}

function IncidentList({ list, error, nowMs }: { list: readonly IncidentView[] | undefined; error: string | undefined; nowMs: number }) {
  if (!list) return error ? <p class="quiet-note">Incidents cannot be read: {error}</p> : <Skeleton lines={3} />;
  if (list.length === 0) return <p class="calm">No incident on record.</p>;
  return (
    <ul class="incident-list">
      {list.slice(0, MOST_INCIDENTS).map((incident) => (
        <li key={incident.id}>
          <Incident incident={incident} nowMs={nowMs} />
        </li>
      ))}
    </ul>
  );
}

function Incident({ incident, nowMs }: { incident: IncidentView; nowMs: number }) {
  const [isOpen, setOpen] = useState(incident.endedAt === null);
  return (
    <details class="incident" open={isOpen} onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>
        <Glyph name="chevron" size={14} />
        <time dateTime={incident.startedAt} data-tip="">
          {pointText(incident.startedAt, nowMs)}
        </time>
        <span class="incident-what">{incidentText(incident)}</span>
        <span class={`incident-end${incident.endedAt ? '' : incident.alerted ? ' is-open is-told' : ' is-open'}`}>
          {endText(incident, nowMs)}
        </span>
      </summary>
      {isOpen && <Story incident={incident} nowMs={nowMs} />}
    </details>
  );
}

/** How often each remedy helped. Another order is advised in words; only a person changes it. */
function Repairs({ view: { repairs } }: { view: View }) {
  if (!repairs) return null;
  return (
    <Section title="Repairs of the last 90 days" id="repairs">
      <ul class="incident-list">
        {repairs.remedies.map(({ action, attempts, succeeded, medianSeconds }) => (
          <li key={action}>
            <code>{action}</code>: {attempts === 0 ? 'not tried' : `helped ${succeeded} of ${attempts} times`}
            {medianSeconds !== null && `, ${medianSeconds.toFixed(1)} s to healthy (median)`}
          </li>
        ))}
      </ul>
      {repairs.advice && <p class="quiet-note">{repairs.advice}</p>}
    </Section>
  );
}

function LastOutput({ list, nowMs }: { list: readonly IncidentView[]; nowMs: number }) {
  const last = list
    .flatMap((incident) => incident.attempts.filter((attempt) => attempt.output.trim()))
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))[0];
  if (!last) return null;
  return (
    <Section title="Last output of a repair" id="output">
      <p class="output-head">
        {pointText(last.startedAt, nowMs)}: {attemptText(last)}
      </p>
      <Output text={last.output} />
    </Section>
  );
}

function Configuration({ id }: { id: string }) {
  const { answer } = useAnswer('config', () => client.ask('config', {}));
  const file = knownOf(answer);
  const [isShown, setShown] = useState(false);
  const part = file && servicePart(file.text, id);
  const hidden = file && servicePart(file.text, id, true);
  return (
    <Section
      title="Configuration"
      id="configuration"
      aside={
        <>
          {part !== hidden && (
            <Button onPress={() => setShown(!isShown)} testId="secrets">
              {isShown ? 'Hide' : 'Show'}
              <span class="vh"> secrets</span>
            </Button>
          )}{' '}
          <a class="button plain" href="#/settings">
            Edit
          </a>
        </>
      }
    >
      {!file ? (
        answer.kind === 'failed' ? (
          <p class="quiet-note">The configuration cannot be read: {answer.error.message}</p>
        ) : (
          <Skeleton lines={3} />
        )
      ) : part && hidden ? (
        <Output text={isShown ? part : hidden} />
      ) : (
        <p class="calm">This service does not stand in the file as it is now. The engine works with the last good one.</p>
      )}
      {file && <p class="path">{file.path}</p>}
    </Section>
  );
}
