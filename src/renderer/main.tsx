// Entry of the window: styles, tooltips, the stream, the tree.
import { render } from 'preact';
import './tokens.css';
import './window.css';
import { App } from './app.tsx';
import { followEngine } from './store.ts';
import { installTips } from './ui/tip.ts';

const root = document.getElementById('app');
if (root) {
  root.textContent = '';
  followEngine();
  installTips(root);
  render(<App />, root);
}
