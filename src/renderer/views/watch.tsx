// Watch something: what listens and runs on this machine, why it was found, and one click to watch it. A repair is only ever
// allowed by a person who has read what it may do.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DiscoveredView } from '../../contract/operations.ts';
import { client } from '../client.ts';
import { serviceHref } from '../router.ts';
import { explainCheck, explainRemedy } from '../settings/explain.ts';
import { servicesOf, watchService } from '../settings/services.ts';
import { draft } from '../settings/use-draft.ts';
import { useAnswer } from '../store.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { Banner, Card, Empty, Skeleton } from '../ui/card.tsx';
import { Glyph } from '../ui/icon.tsx';
import { SaveDialog } from './settings-save.tsx';
import './settings.css';

type Found = DiscoveredView['service'];
interface Wish {
  readonly found: DiscoveredView;
  readonly id: string;
  /** What was unsaved in Settings before, to return to. */
  readonly before: string;
  readonly means: readonly (readonly [string, string])[];
}
const nameOf = (service: Found) => service.name ?? service.id;
const proposedOf = (service: Found) => (Array.isArray(service['proposed']) ? (service['proposed'] as unknown[]) : []);

export function Watch() {
  const { answer, again } = useAnswer('discover', () => client.ask('discover', {}));
  const [wish, setWish] = useState<Wish>();
  const [added, setAdded] = useState<readonly { name: string; id: string; foundId: string }[]>([]);
  const [trouble, setTrouble] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  const found = answer.kind === 'ready' ? answer.value : answer.last;
  const isNew = (one: DiscoveredView) => !one.isWatched && !added.some(({ foundId }) => foundId === one.service.id);
  const fresh = found?.filter(isNew) ?? [];
  const watched = found?.filter((one) => !isNew(one)) ?? [];
  const last = added.at(-1);
  useEffect(() => {
    void draft.load();
  }, []);

  async function want(one: DiscoveredView, withRepair: boolean): Promise<void> {
    setTrouble('');
    await draft.load();
    if (draft.state.phase !== 'ready' || !draft.isReadable()) {
      return setTrouble(draft.state.error?.message ?? 'The configuration can’t be read as it stands. Mend it in Settings first.');
    }
    const before = draft.state.text;
    const others = draft.isDirty() ? [['Also', 'Your other unsaved changes from Settings are saved with it.'] as const] : [];
    draft.write(watchService(before, one.service as never, withRepair));
    const id = String(servicesOf(draft.state.text).at(-1)?.['id']);
    const repair = withRepair ? proposedOf(one.service).map(explainRemedy).join(' ') : 'None. You are told when it fails.';
    setWish({ found: one, id, before, means: [['Check', explainCheck(one.service['check'])], ['Repair', repair], ...others] });
  }
  function done(isSaved: boolean): void {
    if (!wish) return;
    if (isSaved) setAdded([...added, { name: nameOf(wish.found.service), id: wish.id, foundId: wish.found.service.id }]);
    else {
      if (draft.state.problems.length > 0) setTrouble(`It can't be added: ${draft.state.problems[0]?.message}`);
      if (draft.state.text !== draft.state.base) draft.write(wish.before);
    }
    setWish(undefined);
    if (isSaved) heading.current?.focus();
  }

  return (
    <div class="settings watch">
      <header class="settings-head">
        <h1 ref={heading} tabIndex={-1}>
          Watch something
        </h1>
        <Button icon="refresh" isBusy={answer.kind === 'loading'} onPress={again}>
          Look again
        </Button>
      </header>
      <p class="lead">What listens and runs on this machine. One click watches it; it is only repaired if you allow that too.</p>
      <div role="status">
        {last && (
          <Banner kind="ok" title={`${last.name} is watched now.`} text="Its first look comes within seconds.">
            <LinkButton href={serviceHref(last.id)}>Show it</LinkButton>
          </Banner>
        )}
        {trouble && (
          <Banner kind="error" title="It is not watched yet." text={trouble}>
            <LinkButton href="#/settings">Settings</LinkButton>
          </Banner>
        )}
        {answer.kind === 'failed' && <Banner kind="error" title="This machine could not be looked at." text={answer.error.message} />}
        {answer.kind === 'loading' && <p class="looking">Looking at what listens and runs here. This takes a few seconds.</p>}
      </div>
      {answer.kind === 'loading' && !found && (
        <div class="watch-list">
          {[1, 2, 3].map((n) => (
            <Card key={n}>
              <Skeleton lines={2} />
            </Card>
          ))}
        </div>
      )}
      {answer.kind === 'ready' && fresh.length === 0 && (
        <Empty title={watched.length > 0 ? 'Everything found here is watched' : 'Nothing was found'}>
          <p>Only programs that listen on a port or are started by the system are found. Anything else can be added by hand.</p>
          <LinkButton href="#/settings">Add it in Settings</LinkButton>
        </Empty>
      )}
      <ul class="plain-list watch-list">
        {fresh.map((one) => (
          <li key={one.service.id}>
            <FoundCard one={one} want={want} />
          </li>
        ))}
      </ul>
      {watched.length > 0 && (
        <section aria-labelledby="watched-title" class="watched">
          <h2 id="watched-title">Watched already</h2>
          <ul class="plain-list">
            {watched.map(({ service }) => (
              <li key={service.id}>
                <Glyph name="check" />
                <span>
                  <strong>{nameOf(service)}</strong>
                  <small>{explainCheck(service['check'])}</small>
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {wish && <SaveDialog title={`Watch ${nameOf(wish.found.service)}?`} means={wish.means} done={done} />}
    </div>
  );
}

function FoundCard({ one, want }: { one: DiscoveredView; want: (one: DiscoveredView, withRepair: boolean) => Promise<void> }) {
  const { service, why } = one;
  const name = nameOf(service);
  const proposed = proposedOf(service);
  return (
    <Card className="found">
      <h2>{name}</h2>
      <p class="found-check">{explainCheck(service['check'])}</p>
      <p class="help">{why}</p>
      {proposed.length > 0 && (
        <div class="proposal">
          <p>
            <strong>Proposed repair.</strong> {proposed.map(explainRemedy).join(' ')}
          </p>
        </div>
      )}
      <div class="found-actions">
        <Button kind={proposed.length > 0 ? 'plain' : 'primary'} onPress={() => want(one, false)} testId="watch">
          Watch<span class="vh"> {name}</span>
        </Button>
        {proposed.length > 0 && (
          <Button kind="primary" onPress={() => want(one, true)} testId="watch-repair">
            Watch, and allow its repair<span class="vh">: {name}</span>
          </Button>
        )}
      </div>
    </Card>
  );
}
