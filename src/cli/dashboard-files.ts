// Where the window's built files are: the same place from src/cli and from the built command. A name only.
import { fileURLToPath } from 'node:url';

export const DASHBOARD = fileURLToPath(new URL('../../out/renderer', import.meta.url));
