// What nobody needs in the first picture is made when that has been shown.
import { useEffect, useState } from 'preact/hooks';

/** False while the component is painted for the first time, then true. */
export function useAfterPaint(): boolean {
  const [isPainted, setPainted] = useState(false);
  useEffect(() => {
    // The frame that paints comes after its callbacks: a task that is queued there runs behind it.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setPainted(true));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  return isPainted;
}
