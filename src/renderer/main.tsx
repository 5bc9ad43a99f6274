// Entry of the window: styles, tooltips, the stream, the tree. Where the engine has drawn the first picture, the tree goes on with it.
import { hydrate, render } from 'preact';
import { PICTURE_MARK } from '../contract/routes.ts';
import './tokens.css';
import './window.css';
import { App } from './app.tsx';
import { routeOf } from './router.ts';
import { firstNews, followEngine, live } from './store.ts';
import { afterPaint } from './ui/after-paint.ts';
import { installTips } from './ui/tip.ts';
import { askOverviewAhead } from './views/overview.tsx';

/** The first picture waits so long for what it is to show: painting "loading" first would only make all of it later. */
const FIRST_MS = 200;

const root = document.getElementById('app');
if (root?.hasAttribute(PICTURE_MARK) && isAtOverview()) afterPaint(() => void begin(root));
else if (root) void begin(root);

async function begin(place: HTMLElement): Promise<void> {
  const isOverview = isAtOverview();
  const news = [...(isOverview ? [askOverviewAhead()] : []), firstNews()];
  followEngine();
  // What the page brought is there at once, and no later news before the tree: it is the same that the picture was made from.
  const isSame = isOverview && place.hasAttribute(PICTURE_MARK) && live.get().snapshot !== undefined;
  await Promise.race([Promise.all(news), new Promise((resolve) => setTimeout(resolve, FIRST_MS))]);
  installTips(place);
  if (isSame) hydrate(<App />, place);
  else {
    place.textContent = '';
    render(<App />, place);
  }
  place.removeAttribute(PICTURE_MARK);
}

function isAtOverview(): boolean {
  return routeOf(location.hash).view === 'overview';
}
