// Runs inside the measured page, before its own scripts: when something is painted, when the graph is drawn, how even frames are.
// A plain script: it is put into the page as it stands.
{
  /** Resolves when what is there now has been painted. */
  const painted = () =>
    new Promise((resolve) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(undefined);
      });
    });
  const when = (look) =>
    new Promise((resolve) => {
      const observer = new MutationObserver(() => done());
      const done = () => {
        if (!look()) return;
        observer.disconnect();
        resolve(painted());
      };
      observer.observe(document, { subtree: true, childList: true, attributes: true });
      done();
    });
  const draws = [];
  const { clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function drawn(...box) {
    painted().then((at) => draws.push(at));
    return Reflect.apply(clearRect, this, box);
  };

  /** The document's arrival: this runs when it is there, before anything in it. The browser's own `responseEnd` lies before the start
   * of the process that shows the page, which no page can help. */
  const begunAt = performance.now();
  const arrived = () => Math.max(begunAt, performance.getEntriesByType('navigation')[0].responseEnd);
  const since = async (moment) => (await moment) - arrived();
  const count = (selector) => document.querySelectorAll(selector).length;
  const cards = since(when(() => count('[data-service]') >= 20));
  const whole = since(when(() => count('[data-service] .bars') >= 20));
  const empty = since(painted());

  globalThis.bench = {
    /** Milliseconds from the document's arrival. */
    arrival: async () => ({ cards: await cards, whole: await whole }),
    empty: () => empty,
    /** Milliseconds from the answer's arrival to the picture, for the newest answer; undefined until it is drawn. */
    drawn() {
      const answer = performance.getEntriesByType('resource').findLast(({ name }) => name.includes('/api/v1/history?'));
      const at = answer && draws.find((one) => one >= answer.responseEnd);
      return at === undefined ? undefined : { name: answer.name, ms: at - answer.responseEnd };
    },
    /** Does something before each frame; how long each frame took. */
    frames: (kind, forMs) =>
      new Promise((resolve) => {
        const steps = [];
        const stage = document.querySelector('[data-test=graph] .graph-place');
        const root = document.documentElement;
        let way = 1;
        let begun;
        let last;
        const step = (at) => {
          begun ??= at;
          if (last !== undefined) steps.push(at - last);
          last = at;
          if (at - begun >= forMs) return resolve(steps);
          if (kind === 'scroll') {
            if (scrollY + innerHeight >= root.scrollHeight - 1) way = -1;
            else if (scrollY <= 0) way = 1;
            scrollBy(0, 40 * way);
          }
          if (kind === 'pan') {
            if (steps.length % 120 === 60) way = -way;
            stage.dispatchEvent(new WheelEvent('wheel', { deltaX: -12 * way, bubbles: true, cancelable: true }));
          }
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
  };
}
