// The bridge, and nothing else: named functions for the operations of the one table, no channel that a page could choose, no event
// object. Built as one CommonJS file, as a sandboxed preload must be (https://www.electronjs.org/docs/latest/tutorial/esm).
import { contextBridge, ipcRenderer } from 'electron';
import { ROUTES } from '../contract/routes.ts';
import { SHELL_NAMES } from '../contract/shell.ts';

const offers: ReadonlySet<string> = new Set(SHELL_NAMES);
const names: ReadonlySet<string> = new Set(Object.keys(ROUTES));

contextBridge.exposeInMainWorld('jarvis', {
  ask(name: string, input: unknown): Promise<unknown> {
    if (!names.has(name)) return Promise.resolve({ ok: false, problem: { title: 'usage', detail: `There is no operation ${name}.` } });
    return ipcRenderer.invoke(`ask:${name}`, input);
  },
  shell(name: string, input: unknown): Promise<unknown> {
    if (!offers.has(name)) return Promise.resolve({ ok: false, problem: { title: 'usage', detail: `The app offers no ${name}.` } });
    return ipcRenderer.invoke(`shell:${name}`, input);
  },
  onSnapshot(tell: (snapshot: unknown) => void): () => void {
    const heard = (_event: unknown, snapshot: unknown): void => tell(snapshot);
    ipcRenderer.on('snapshot', heard);
    ipcRenderer.send('follow');
    return () => void ipcRenderer.off('snapshot', heard);
  },
});
