// The first start: what was found, what may be repaired and what is only told, and in the app notices and the login item; at most
// three clicks, and nothing is done before the last of them. The same page in a browser, without what only the app can do.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { errorText } from '../../contract/errors.ts';
import type { ShellFacts } from '../../contract/shell.ts';
import { shell } from '../client.ts';
import { explainCheck, explainRemedy } from '../settings/explain.ts';
import { allowAllRepairs, nameOf, servicesOf } from '../settings/services.ts';
import { draft, useDraft } from '../settings/use-draft.ts';
import { Button } from '../ui/button.tsx';
import { Banner, Section, Skeleton } from '../ui/card.tsx';
import './settings.css';

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export function FirstStart() {
  const { text, phase, error } = useDraft();
  const [facts, setFacts] = useState<ShellFacts>();
  const [wantsRepairs, setRepairs] = useState(false);
  const [wantsNotices, setNotices] = useState(true);
  const [wantsLogin, setLogin] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState('');
  useEffect(() => {
    void draft.load();
    void shell?.('facts').then((now) => {
      setFacts(now);
      setLogin(now.loginItem === 'on');
    });
  }, []);

  const services = servicesOf(text).map((service, n) => ({
    name: nameOf(service, n),
    check: explainCheck(service['check']),
    may: listOf(service['recovery']).map(explainRemedy),
    could: listOf(service['proposed']).map(explainRemedy),
  }));
  const allowed = services.filter(({ may }) => may.length > 0);
  const proposed = services.filter(({ could }) => could.length > 0);
  const told = services.filter(({ may, could }) => may.length === 0 && could.length === 0);
  const login = facts?.loginItem;

  /** Repairs first: whatever else fails, they are in force or it is said. */
  async function begin(): Promise<void> {
    setBusy(true);
    setTrouble('');
    try {
      if (wantsRepairs && proposed.length > 0) await allow();
      let now = facts;
      if (shell && now && login !== 'unpackaged' && wantsLogin !== (login === 'on'))
        now = await shell('setLoginItem', { isOn: wantsLogin });
      if (shell && wantsNotices) now = await shell('tryNotice');
      setFacts(now);
      const isAwaited = now?.loginItem === 'requires-approval' || (wantsNotices && now?.notices.kind === 'failed');
      if (!isAwaited) location.hash = '#/';
    } catch (caught) {
      setTrouble(errorText(caught));
    } finally {
      setBusy(false);
    }
  }

  return (
    <div class="settings watch first-start">
      <header class="settings-head">
        <h1>Welcome to Jarvis Health</h1>
      </header>
      <p class="lead">
        This is what was found on this machine. It is looked at from now on. Nothing is repaired that you have not allowed.
      </p>
      <div role="status">
        {(trouble || error) && <Banner kind="error" title="Not everything could be set up." text={trouble || error?.message} />}
        {facts?.notices.kind === 'failed' && (
          <Banner
            kind="warning"
            title="Notices cannot be shown."
            text={`${facts.notices.why}. The icon and this window tell you all the same.`}
          >
            <Button onPress={() => void shell?.('openPane', { pane: 'notifications' })}>Open System Settings</Button>
          </Banner>
        )}
        {login === 'requires-approval' && (
          <Banner kind="warning" title="The system asks for your approval before it starts the app at login.">
            <Button onPress={() => void shell?.('openPane', { pane: 'login-items' })}>Open System Settings</Button>
          </Banner>
        )}
      </div>
      {phase === 'loading' ? (
        <Skeleton lines={4} />
      ) : (
        <>
          {allowed.length > 0 && (
            <Section title="Repaired when it fails" id="first-allowed">
              <Found services={allowed} sentences={({ may }) => may} />
            </Section>
          )}
          {proposed.length > 0 && (
            <Section title="Could be repaired" id="first-proposed">
              <Found services={proposed} sentences={({ could }) => could} />
              <Tick isOn={wantsRepairs} set={setRepairs} testId="want-repairs">
                {proposed.length === 1 ? 'Allow this repair' : `Allow these ${proposed.length} repairs`}
              </Tick>
            </Section>
          )}
          {told.length > 0 && (
            <Section title="Only watched: you are told when it fails" id="first-told">
              <Found services={told} sentences={() => []} />
            </Section>
          )}
        </>
      )}
      <div class="first-actions">
        {shell && facts && (
          <div class="first-wishes">
            <Tick isOn={wantsNotices} set={setNotices} testId="want-notices">
              Notices when a service needs me <small>(the system asks once, and a test follows)</small>
            </Tick>
            {login === 'unpackaged' ? (
              <p class="help">Start at login: only in the installed app.</p>
            ) : (
              <Tick isOn={wantsLogin} set={setLogin} testId="want-login">
                Start at login
              </Tick>
            )}
          </div>
        )}
        <p class="found-actions">
          <Button kind="primary" isBusy={isBusy} onPress={() => void begin()} testId="begin">
            {isBusy ? 'Setting up…' : 'Start watching'}
          </Button>
          <a class="button plain" href="#/settings">
            Choose one by one
          </a>
        </p>
      </div>
    </div>
  );
}

async function allow(): Promise<void> {
  if (draft.isDirty()) throw new Error('There are unsaved changes in Settings. Save or discard them first.');
  draft.write(allowAllRepairs(draft.state.text));
  if (await draft.save()) return;
  const { saveError, conflict } = draft.state;
  draft.discard();
  throw (
    saveError ??
    new Error(conflict === undefined ? 'The repairs could not be allowed.' : 'The file has just been changed by somebody else. Try again.')
  );
}

interface FoundService {
  readonly name: string;
  readonly check: string;
  readonly may: readonly string[];
  readonly could: readonly string[];
}
function Found({ services, sentences }: { services: readonly FoundService[]; sentences: (one: FoundService) => readonly string[] }) {
  return (
    <ul class="plain-list first-list">
      {services.map((one, n) => (
        <li key={n}>
          <strong>{one.name}</strong> <small>{one.check}</small>
          {sentences(one).map((sentence) => (
            <p key={sentence} class="help">
              {sentence}
            </p>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Tick({ isOn, set, testId, children }: { isOn: boolean; set: (is: boolean) => void; testId: string; children: ComponentChildren }) {
  return (
    <label class="tick">
      <input type="checkbox" checked={isOn} data-test={testId} onChange={({ currentTarget }) => set(currentTarget.checked)} />{' '}
      <span>{children}</span>
    </label>
  );
}
