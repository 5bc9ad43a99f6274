// The two halves of contextBridge inside a page: the isolated world runs the preload and carries out calls, the page's own world gets
// functions that ask for them. They share only the document, so all that crosses is JSON in events, as Electron's is a clone.

/** In the page's own world, before any script of the page. */
export const mainScript = `(() => {
  const waiting = new Map(); const callbacks = new Map(); let next = 0;
  const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail: JSON.stringify(detail) }));
  const unpack = (value) => value && value.__dispose ? () => send('bridge:dispose', value.__dispose) : value;
  document.addEventListener('bridge:expose', (event) => {
    const { name, methods } = JSON.parse(event.detail);
    globalThis[name] = Object.freeze(Object.fromEntries(methods.map((method) => [method, (...args) => {
      const id = ++next;
      const packed = args.map((arg) => typeof arg === 'function' ? (callbacks.set(++next, arg), { __callback: next }) : arg);
      let now; waiting.set(id, { sync: (value) => { now = { value: unpack(value) }; } });
      const promise = new Promise((resolve, reject) => Object.assign(waiting.get(id), { resolve, reject }));
      send('bridge:call', { id, method, args: packed });
      return now ? now.value : promise;
    }])));
  });
  document.addEventListener('bridge:result', (event) => {
    const { id, kind, value } = JSON.parse(event.detail); const one = waiting.get(id);
    if (kind !== 'async') waiting.delete(id);
    if (kind === 'sync') one.sync(value); else if (kind === 'resolve') one.resolve(value); else if (kind === 'reject') one.reject(new Error(value));
  });
  document.addEventListener('bridge:callback', (event) => { const { id, args } = JSON.parse(event.detail); callbacks.get(id)?.(...args); });
})();`;

/** In the page's own world: when the heading of a view has been painted, or at the latest after 5 s, in ms since the navigation began. */
export const paintedScript = `globalThis.__painted = new Promise((done) => {
  const look = () => document.querySelector('h1') || performance.now() > 5_000
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now())))
    : requestAnimationFrame(look);
  look();
});`;

/** In the isolated world, around the built preload. */
export function isolatedScript(preload: string): string {
  return `(() => {
  const answers = new Map(); const listeners = new Map(); const disposers = new Map(); let next = 0;
  const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail: JSON.stringify(detail) }));
  globalThis.__answered = (id, isOk, value) => { const one = answers.get(id); answers.delete(id); if (isOk) one?.resolve(value); else one?.reject(new Error(value)); };
  globalThis.__heard = (channel, args) => { for (const listener of listeners.get(channel) ?? []) listener({}, ...args); };
  const toMain = (message) => globalThis.__toMain(JSON.stringify(message));
  const ipcRenderer = {
    invoke: (channel, ...args) => new Promise((resolve, reject) => { const id = ++next; answers.set(id, { resolve, reject }); toMain({ kind: 'invoke', id, channel, args }); }),
    send: (channel, ...args) => toMain({ kind: 'send', id: 0, channel, args }),
    on: (channel, listener) => { listeners.set(channel, [...(listeners.get(channel) ?? []), listener]); },
    off: (channel, listener) => { listeners.set(channel, (listeners.get(channel) ?? []).filter((one) => one !== listener)); },
  };
  let exposed = {};
  const contextBridge = { exposeInMainWorld: (name, api) => { exposed = api; send('bridge:expose', { name, methods: Object.keys(api) }); } };
  document.addEventListener('bridge:call', (event) => {
    const { id, method, args } = JSON.parse(event.detail);
    const unpacked = args.map((arg) => arg && arg.__callback ? (...told) => send('bridge:callback', { id: arg.__callback, args: told }) : arg);
    const result = exposed[method](...unpacked);
    if (typeof result === 'function') { disposers.set(id, result); send('bridge:result', { id, kind: 'sync', value: { __dispose: id } }); }
    else Promise.resolve(result).then((value) => send('bridge:result', { id, kind: 'resolve', value }), (error) => send('bridge:result', { id, kind: 'reject', value: error.message }));
  });
  document.addEventListener('bridge:dispose', (event) => disposers.get(JSON.parse(event.detail))?.());
  const require = (name) => { if (name !== 'electron') throw new Error('module not found: ' + name); return { contextBridge, ipcRenderer }; };
  const module = { exports: {} };
  (function (require, module, exports) { ${preload}
  })(require, module, module.exports);
})();`;
}
