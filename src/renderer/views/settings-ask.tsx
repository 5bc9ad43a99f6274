// A button that asks before it does something that is hard to take back, in its own place; the safe answer has the focus.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../ui/button.tsx';

export function Ask({ label, question, yes, onYes }: { label: string; question: string; yes: string; onYes: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const no = useRef<HTMLButtonElement>(null);
  const start = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);
  useEffect(() => {
    if (isAsking) no.current?.focus();
    else if (wasAsking.current) start.current?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);
  if (!isAsking) {
    return (
      <div class="ask">
        <Button kind="danger" buttonRef={start} onPress={() => setAsking(true)}>
          {label}
        </Button>
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a question with two answers, not fields
    <div class="ask is-asking" role="group" aria-label={question} onKeyDown={(event) => event.key === 'Escape' && setAsking(false)}>
      <p>{question}</p>
      <Button buttonRef={no} onPress={() => setAsking(false)}>
        Keep
      </Button>
      <Button
        kind="danger"
        onPress={() => {
          setAsking(false);
          onYes();
        }}
      >
        {yes}
      </Button>
    </div>
  );
}
