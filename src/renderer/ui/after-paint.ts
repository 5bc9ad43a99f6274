// What nobody needs in the first picture is made when that has been shown.
import { useEffect, useState } from 'preact/hooks';

/** A page in the background is not painted; what it does then must not wait for somebody to look. */
const UNSEEN_MS = 200;

/** Calls once, when what is there now has been painted, or soon where nobody looks. Returns how to call it off. */
export function afterPaint(then: () => void): () => void {
  let timer = setTimeout(then, UNSEEN_MS);
  // The frame that paints comes after its callbacks: a task that is queued there runs behind it.
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    timer = setTimeout(then);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}

/** False while the component is painted for the first time, then true. */
export function useAfterPaint(): boolean {
  const [isPainted, setPainted] = useState(false);
  useEffect(() => afterPaint(() => setPainted(true)), []);
  return isPainted;
}
