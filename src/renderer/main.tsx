// Entry of the window: styles, tooltips, the stream, the tree.
import { render } from 'preact';
import './tokens.css';
import './window.css';
import { App } from './app.tsx';
import { firstNews, followEngine } from './store.ts';
import { installTips } from './ui/tip.ts';
import { askOverviewAhead } from './views/overview.tsx';

/** The first picture waits so long for what it is to show: painting "loading" first would only make all of it later. */
const FIRST_MS = 200;

const root = document.getElementById('app');
if (root) {
  const news = [firstNews(), ...(/^#?\/?$/.test(location.hash) ? [askOverviewAhead()] : [])];
  followEngine();
  void Promise.race([Promise.all(news), new Promise((resolve) => setTimeout(resolve, FIRST_MS))]).then(() => {
    root.textContent = '';
    installTips(root);
    render(<App />, root);
  });
}
