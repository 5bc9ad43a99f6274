// The same stories on the real Electron, where its program is; else each is skipped and says why.
import { tellAppStories } from './app-stories.ts';
import { real } from './helpers/real-app.ts';

tellAppStories(real);
