// The first view: how things stand in one sentence, then every service, worst first. What needs a person is opened, with what
// happened and the buttons for it; what is well is calm.
import { useEffect, useRef } from 'preact/hooks';
import type { Overview as OverviewData } from '../../contract/history.ts';
import type { IncidentView } from '../../contract/operations.ts';
import { FIRST_VIEW } from '../../contract/routes.ts';
import type { ServiceView, Snapshot } from '../../contract/snapshot.ts';
import { client } from '../client.ts';
import { faceOf, needsPerson, overallFace, worstFirst } from '../face.ts';
import { headOf } from '../head.ts';
import { type Answer, askAhead, knownOf, useAnswer, useLive } from '../store.ts';
import { Card, Skeleton } from '../ui/card.tsx';
import { Silhouette } from '../ui/icon.tsx';
import { useNow } from '../ui/time.tsx';
import { ServiceCard } from './service-card.tsx';
import { FirstLook, NothingWatched } from './welcome.tsx';

/** Day bars and sparklines change slowly; they are asked for again this often, and at once when something began or ended. */
const REFRESH_MS = 60_000;
export const ASKED = 'overview';
const askOverview = () => client.ask('overview', FIRST_VIEW.overview);

/** At the start of the page, before this view is there. */
export const askOverviewAhead = (): Promise<void> => askAhead(ASKED, askOverview);

export function Overview() {
  const snapshot = useLive((live) => live.snapshot);
  // Asked beside the first snapshot, not after it: the bars come with the services.
  const history = useAnswer(ASKED, askOverview);
  if (!snapshot) return <Loading />;
  if (snapshot.services.length === 0) return <NothingWatched />;
  return <Services snapshot={snapshot} {...history} />;
}

function Services({ snapshot, answer, again }: { snapshot: Snapshot; answer: Answer<OverviewData>; again: () => void }) {
  const minute = useNow(REFRESH_MS);
  const changes = snapshot.services.map((view) => `${view.id}:${view.consecutiveFailures > 0}`).join();
  const due = `${Math.floor(minute / REFRESH_MS)} ${changes}`;
  const asked = useRef(due);
  useEffect(() => {
    if (asked.current !== due) again();
    asked.current = due;
  }, [due]);
  const bars = new Map((knownOf(answer) ?? []).map((entry): [string, OverviewData[number]] => [entry.service, entry]));
  const isHistoryMissing = answer.kind === 'failed' && answer.last === undefined;

  const troubled = snapshot.services.filter((view) => view.status === 'error' && view.since !== null && view.phase !== 'suppressed');
  const troubleKey = troubled
    .map((view) => `${view.id}@${view.phase}@${view.lastAttempt?.id}@${view.lastAttempt?.outcome}@${view.alerting}`)
    .join();
  const trouble = useAnswer(`trouble:${troubleKey}`, troubled.length > 0 ? () => askTrouble(troubled) : undefined, true);
  const known = troubled.length > 0 ? knownOf(trouble.answer) : undefined;

  return (
    <>
      <Head snapshot={snapshot} incidents={known?.incidents} />
      <FirstLook snapshot={snapshot} />
      {isHistoryMissing && <p class="quiet-note">The history cannot be read just now, so bars and graphs are missing. Watching goes on.</p>}
      <ul class="services">
        {worstFirst(snapshot.services).map((view) => (
          <li key={view.id} class={isOpened(view) ? 'is-wide' : ''}>
            <ServiceCard
              view={view}
              isOpened={isOpened(view)}
              history={bars.get(view.id)}
              incident={known?.incidents.find((incident) => incident.service === view.id && incident.endedAt === null)}
              alert={known?.alerts.find((alert) => alert.service === view.id && alert.state !== 'done')}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

function isOpened(view: ServiceView): boolean {
  return needsPerson(view) || (faceOf(view).rank <= 2 && view.phase !== 'suppressed');
}

async function askTrouble(troubled: readonly ServiceView[]) {
  const [incidents, alerts] = await Promise.all([
    // An incident may have begun before the status was seen, so a day is looked back beyond it.
    client.ask('incidents', {
      from: new Date(Math.min(...troubled.map((view) => Date.parse(view.since ?? ''))) - 86_400_000).toISOString(),
    }),
    client.ask('alerts', {}),
  ]);
  return { incidents, alerts };
}

function Head({ snapshot, incidents }: { snapshot: Snapshot; incidents: readonly IncidentView[] | undefined }) {
  const now = useNow(10_000);
  const face = overallFace(snapshot);
  const { title, text } = headOf(snapshot, now, incidents);
  return (
    <header class="head">
      <Silhouette {...face} size={48} />
      <div>
        <h1>{title}</h1>
        <p>{text}</p>
      </div>
    </header>
  );
}

function Loading() {
  const isLost = useLive((live) => live.link.kind === 'lost');
  return (
    <div class="loading" aria-busy="true">
      <header class="head">
        <Silhouette shape="hollow" tone="grey" size={48} />
        <div>
          <h1>Asking the engine…</h1>
          <p>{!isLost && 'This takes a moment.'}</p>
        </div>
      </header>
      <ul class="services" aria-hidden="true">
        {[0, 1, 2, 3].map((index) => (
          <li key={index}>
            <Card>
              <Skeleton />
            </Card>
          </li>
        ))}
      </ul>
    </div>
  );
}
