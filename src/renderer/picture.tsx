// The overview as markup, for the engine that serves the page: the same components as in the browser, which goes on with what is there
// (docs/decisions/0007-first-picture.md). Runs in Node: whatever is called while rendering must do without a document. Touches nothing.
import { renderToString } from 'preact-render-to-string';
import type { Overview } from '../contract/history.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { App } from './app.tsx';
import { forget, live, putAhead } from './store.ts';
import { ASKED } from './views/overview.tsx';

/** What the first render in a browser makes of the same two answers. Texts are escaped. Throws what a component throws. */
export function picture(status: Snapshot, overview: Overview): string {
  const before = live.get();
  live.set({ ...before, snapshot: status });
  putAhead(ASKED, overview);
  try {
    return renderToString(<App />);
  } finally {
    forget(ASKED);
    live.set(before);
  }
}
