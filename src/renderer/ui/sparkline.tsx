// The last 24 hours as a line: gaps where nothing was measured, marks below where looks failed. Decorative beside the numbers.
const WIDTH = 96;
const HEIGHT = 28;
const FLOOR = 24;

export function Sparkline({ values, failures, tone }: { values: readonly (number | null)[]; failures: readonly boolean[]; tone: string }) {
  const known = values.filter((value) => value !== null);
  const hasFailures = failures.some(Boolean);
  if (known.length < 2 && !hasFailures) return null;
  const low = Math.min(...known);
  const high = Math.max(...known);
  // A flat line stays in the middle: noise of a fraction must not look like a storm.
  const span = Math.max(high - low, Math.abs(high) * 0.4, 1e-9);
  const middle = (high + low) / 2;
  const x = (index: number) => (index / Math.max(1, values.length - 1)) * WIDTH;
  const y = (value: number) => 2 + (FLOOR - 4) * (0.5 - (value - middle) / span);
  let line = '';
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value !== null) line += `${isDrawing ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    isDrawing = value !== null;
  });
  const marks = failures.map((isFailure, index) => (isFailure ? `M${(x(index) - 0.9).toFixed(1)} ${HEIGHT}v-3.4h2v3.4z` : '')).join('');
  return (
    <svg class={`spark spark-${tone}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path class="spark-line" d={line} />
      {hasFailures && <path class="spark-marks" d={marks} />}
    </svg>
  );
}
