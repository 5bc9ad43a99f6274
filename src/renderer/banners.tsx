// What is wrong with the app itself, above whatever is shown: the engine is gone, it is back, the configuration was refused,
// nothing is repaired. Old data is greyed by the frame; here its age is said.
import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../contract/snapshot.ts';
import type { LinkState } from './client.ts';
import { useLive } from './store.ts';
import { agoText, exactText, spanText } from './time-words.ts';
import { Button } from './ui/button.tsx';
import { Banner } from './ui/card.tsx';
import { useNow } from './ui/time.tsx';

const BACK_FOR_MS = 6_000;
/** A restart is over by then; who is still away may have come back on another port, where this page cannot look. */
const ELSEWHERE_AFTER_MS = 8_000;

export function Banners() {
  const link = useLive((live) => live.link);
  const problems = useLive((live) => live.snapshot?.problems);
  const isDryRun = useLive((live) => live.snapshot?.engine?.dryRun === true);
  const isRepairOff = useLive((live) => live.snapshot?.engine?.recoveryEnabled === false);
  return (
    <div class="banners">
      <div role="status">{link.kind === 'lost' ? <Gone link={link} /> : <Back />}</div>
      {problems?.map((problem) => (
        <ProblemBanner key={problem.code} problem={problem} />
      ))}
      {isDryRun ? (
        <Banner kind="info" title="Dry run" text="Everything is decided and recorded; nothing is touched and nobody is told." />
      ) : (
        isRepairOff && <Banner kind="info" title="Repairs are switched off" text="Failures are told, nothing is repaired." />
      )}
    </div>
  );
}

function Gone({ link: { nextTryAtMs, retry, why } }: { link: LinkState & { kind: 'lost' } }) {
  const heardAtMs = useLive((live) => live.heardAtMs);
  const hasData = useLive((live) => live.snapshot !== undefined);
  const now = useNow();
  const waitMs = nextTryAtMs - now;
  return (
    <Banner
      kind="error"
      title="The engine is not answering"
      text={
        <>
          {why && `${why.replace(/\.$/, '')}. `}
          {hasData && (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: the exact time must be reachable by keyboard too
            <span tabIndex={0} data-tip={exactText(heardAtMs)}>
              What you see is {agoText(now - heardAtMs, true)} old.{' '}
            </span>
          )}
          <span aria-hidden="true">{waitMs > 1_000 ? `Trying again in ${spanText(waitMs)}.` : 'Trying again…'}</span>
          {why === undefined && now - heardAtMs > ELSEWHERE_AFTER_MS && (
            <>
              {' '}
              If it was started anew on another port, this finds it: <code>jarvis-health open</code>
            </>
          )}
        </>
      }
    >
      <Button onPress={retry}>Try now</Button>
    </Banner>
  );
}

function Back() {
  const backAtMs = useLive((live) => live.backAtMs);
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (backAtMs === undefined) return;
    setShown(true);
    const timer = setTimeout(() => setShown(false), BACK_FOR_MS);
    return () => clearTimeout(timer);
  }, [backAtMs]);
  return isShown ? <Banner kind="ok" title="Connected again" text="Everything below is live." /> : null;
}

function ProblemBanner({ problem }: { problem: Problem }) {
  if (problem.code === 'config-refused') {
    return (
      <Banner kind="warning" title="The configuration was refused; the last good one is in force" text={problem.message}>
        <a class="button plain" href="#/settings">
          Show it
        </a>
      </Banner>
    );
  }
  return <Banner kind="warning" title={problem.message} text={agoText(Date.now() - Date.parse(problem.since))} />;
}
