// The first minutes: nothing is watched yet, nothing was looked at yet, nothing may be repaired yet. None a blank page.
import type { Snapshot } from '../../contract/snapshot.ts';
import { Banner, Empty } from '../ui/card.tsx';
import { Silhouette } from '../ui/icon.tsx';

export function NothingWatched() {
  return (
    <Empty
      level="h1"
      title="Nothing is watched yet"
      art={
        <div class="empty-art" aria-hidden="true">
          <Silhouette shape="hollow" tone="grey" size={30} />
          <Silhouette shape="check" tone="green" size={52} />
          <Silhouette shape="hollow" tone="grey" size={30} />
        </div>
      }
    >
      <p>
        Jarvis Health looks after what runs on this machine: apps, ports, disk, memory, logs. Choose something, and it is looked at from
        then on.
      </p>
      <p class="empty-actions">
        <a class="button primary" href="#/watch">
          Watch something
        </a>
        <a class="button plain" href="#/settings">
          Edit the configuration
        </a>
      </p>
    </Empty>
  );
}

/** Said until the first round is over, and while no service may be repaired. */
export function FirstLook({ snapshot }: { snapshot: Snapshot }) {
  const waiting = snapshot.services.filter((view) => view.reason === 'not-yet-checked').length;
  if (waiting === snapshot.services.length) {
    return (
      <Banner
        kind="info"
        title="Welcome. Everything is being looked at for the first time."
        text="What was found on this machine is listed below; each turns to its real state within a minute."
      />
    );
  }
  if (snapshot.services.some((view) => view.can.heal)) return null;
  return (
    <Banner kind="info" title="Watching only" text="Jarvis Health repairs nothing until you say for which services it may, and how.">
      <a class="button plain" href="#/welcome">
        Allow repairs
      </a>
    </Banner>
  );
}
