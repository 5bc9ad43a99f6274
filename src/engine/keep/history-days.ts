// Days as people of this machine live them: from one local midnight to the next, 23 or 25 hours long where the clocks
// are changed. Values in, values out; the time zone is that of the process.

export interface Day {
  /** Written as a number: 20260309. */
  readonly label: number;
  /** Unix time; `end` belongs to the next day. */
  readonly start: number;
  readonly end: number;
}

/** Where midnight does not exist (some zones change their clocks then) the day begins with its first instant. */
export function dayOf(atMs: number): Day {
  const date = new Date(atMs);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return { label: year * 10_000 + (month + 1) * 100 + day, start: midnight(year, month, day), end: midnight(year, month, day + 1) };
}

function midnight(year: number, month: number, day: number): number {
  return new Date(year, month, day).getTime();
}

/** The start of the day that is so many days after the one of `atMs`. */
export function daysLater(atMs: number, count: number): number {
  const date = new Date(atMs);
  return midnight(date.getFullYear(), date.getMonth(), date.getDate() + count);
}

export function dayText(label: number): string {
  const digits = String(label).padStart(8, '0');
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
}

/** The last `count` days, oldest first; the last one is that of `nowMs`. */
export function lastDays(nowMs: number, count: number): Day[] {
  const days: Day[] = [];
  for (let day = dayOf(nowMs); days.length < count; day = dayOf(day.start - 1)) days.push(day);
  return days.reverse();
}
