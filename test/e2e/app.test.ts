// The stories of the menu-bar app on the Electron double: the real built main process, preload and window.
import { tellAppStories } from './app-stories.ts';
import { double } from './helpers/app.ts';

tellAppStories(double);
