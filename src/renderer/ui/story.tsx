// One incident told from its first failure to its end, with what remedies printed, and why nothing was done where nothing was.
// Asks the audit trail for the details once it is shown.
import type { IncidentView } from '../../contract/operations.ts';
import { client } from '../client.ts';
import { knownOf, useAnswer } from '../store.ts';
import { clockText, pointText } from '../time-words.ts';
import { storyOf } from '../timeline.ts';

/** Minutes do not tell apart what happened within seconds. */
const SHORT_MS = 10 * 60_000;

export function Story({ incident, nowMs }: { incident: IncidentView; nowMs: number }) {
  const { answer } = useAnswer(`story:${incident.id}:${incident.endedAt}:${incident.attempts.map((one) => one.outcome).join()}`, () =>
    client.ask('trail', { service: incident.service, from: incident.startedAt, ...(incident.endedAt ? { to: incident.endedAt } : {}) }),
  );
  const moments = storyOf(incident, knownOf(answer) ?? []);
  const isLong = moments.some((moment) => new Date(moment.at).toDateString() !== new Date(incident.startedAt).toDateString());
  const isShort = Date.parse(moments.at(-1)?.at ?? '') - Date.parse(incident.startedAt) < SHORT_MS;
  return (
    <ol class="story">
      {moments.map((moment, index) => (
        <li key={`${moment.at}${index}`} class={`moment ${moment.kind}`}>
          <time dateTime={moment.at} data-tip="">
            {isLong ? pointText(moment.at, nowMs) : clockText(moment.at, isShort)}
          </time>
          <div>
            {moment.text}
            {moment.output && <Output text={moment.output} />}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** What a remedy printed, verbatim. */
export function Output({ text }: { text: string }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a place that scrolls, no fieldset
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <div class="output" role="group" aria-label="Output" tabIndex={0}>
      <pre>{text.trimEnd()}</pre>
    </div>
  );
}
