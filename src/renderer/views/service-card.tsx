// One service on the overview: silhouette, name, one sentence, how long, when next, its days, its last day, what can be done.
import type { DayBar, Overview } from '../../contract/history.ts';
import type { IncidentView } from '../../contract/operations.ts';
import type { QueueAlert } from '../../contract/queue.ts';
import type { ServiceView } from '../../contract/snapshot.ts';
import { faceOf, needsPerson } from '../face.ts';
import { serviceHref } from '../router.ts';
import { clockText, percentText, recordedDays, recordedSince } from '../time-words.ts';
import { momentsOf } from '../timeline.ts';
import { ActionBar } from '../ui/action-bar.tsx';
import { Days } from '../ui/bars.tsx';
import { Card } from '../ui/card.tsx';
import { Silhouette } from '../ui/icon.tsx';
import { Sparkline } from '../ui/sparkline.tsx';
import { useNow, When } from '../ui/time.tsx';
import { sentenceOf } from '../words.ts';

const MOST_LINES = 4;

export interface ServiceCardProps {
  readonly view: ServiceView;
  /** Shows what happened, too. */
  readonly isOpened: boolean;
  readonly history: Overview[number] | undefined;
  readonly incident: IncidentView | undefined;
  readonly alert: QueueAlert | undefined;
}

export function ServiceCard({ view, isOpened, history, incident, alert }: ServiceCardProps) {
  const now = useNow(5_000);
  const face = faceOf(view);
  return (
    <Card tone={needsPerson(view) ? 'red' : undefined} className={`service${isOpened ? ' is-opened' : ''}`}>
      <article aria-labelledby={`name-${view.id}`} data-service={view.id}>
        <div class="service-top">
          <Silhouette {...face} />
          <div class="service-words">
            <h2 id={`name-${view.id}`}>
              <a href={serviceHref(view.id)}>{view.name}</a>
              <span class={`badge tone-${face.tone}`}>{face.word}</span>
            </h2>
            <p class="sentence">{sentenceOf(view, { nowMs: now, incident })}</p>
          </div>
          {history && <Sparkline values={history.spark} failures={history.sparkFailures} tone={face.tone} />}
        </div>
        {isOpened && incident && <Lines incident={incident} alert={alert} />}
        <Days days={history?.days ?? []} name={view.name} />
        <Facts view={view} days={history?.days ?? []} />
        <ActionBar view={view} isCalm={!isOpened} />
      </article>
    </Card>
  );
}

function Lines({ incident, alert }: { incident: IncidentView; alert: QueueAlert | undefined }) {
  const all = momentsOf(incident, alert);
  const shown = all.slice(-MOST_LINES);
  return (
    <ol class="lines">
      {all.length > shown.length && (
        <li class="lines-more">
          <a href={serviceHref(incident.service)}>{all.length - shown.length} earlier</a>
        </li>
      )}
      {shown.map((moment) => (
        <li key={`${moment.at}${moment.kind}`}>
          <time dateTime={moment.at} data-tip="">
            {clockText(moment.at)}
          </time>
          <span>{moment.text}</span>
        </li>
      ))}
    </ol>
  );
}

function Facts({ view, days }: { view: ServiceView; days: readonly DayBar[] }) {
  const uptime = view.uptime['30d'];
  const recorded = recordedDays(days);
  return (
    <p class="facts">
      {view.since && view.phase !== 'paused' && view.phase !== 'stopped' && (
        <span>
          <When at={view.since} prefix={view.status === 'ok' ? 'well for' : 'since'} form={view.status === 'ok' ? 'span' : 'point'} />
        </span>
      )}
      {view.nextCheckAt && view.reason !== 'not-yet-checked' && (
        <span>
          <When at={view.nextCheckAt} prefix="next check" form="coming" />
        </span>
      )}
      {/* A share tells nothing until one whole day, from midnight to midnight, is on record. */}
      {uptime !== null && recorded > 0 && (
        <span data-tip="Paused, stopped, unknown and sleeping time is left out">
          {recorded < 3
            ? `watched since ${recorded === 1 ? 'today' : 'yesterday'}`
            : `${percentText(uptime)} ${recordedSince(days, 30) ?? 'in 30 days'}`}
        </span>
      )}
    </p>
  );
}
