// What the change would have made of the last week, told before it is saved. Asked once, when the dialog is there; where there
// is nothing to say, or it can't be told, nothing stands here.
import { useEffect, useState } from 'preact/hooks';
import type { ReplayReport } from '../../contract/replay.ts';
import { client } from '../client.ts';

/** So that an opening dialog is not held up by it. */
const SOON_MS = 150;

export function Rehearsal({ text }: { text: string }) {
  const [report, setReport] = useState<ReplayReport | undefined>();
  useEffect(() => {
    let isCurrent = true;
    setReport(undefined);
    const timer = setTimeout(() => {
      client.ask('replay', { text }).then(
        (answer) => isCurrent && setReport(answer),
        () => undefined, // what is wrong with the text is told beside it
      );
    }, SOON_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [text]);
  if (!report || report.looks === 0) return null;
  return (
    <p class="help" data-testid="rehearsal" title={[...report.missing.map(({ message }) => message), ...report.notes].join(' ')}>
      {report.sentence}
      {report.missing.length > 0 && ' Parts of the record could not be read.'}
    </p>
  );
}
