// One line of the self-test. A value; touches nothing.

export interface DoctorLine {
  readonly component: string;
  /** `warning`: nothing is broken, but a person should know. */
  readonly ok: boolean | 'warning';
  readonly found: string;
  /** What to do about it; null when all is well. */
  readonly mend: string | null;
}

export const fine = (component: string, found: string): DoctorLine => ({ component, ok: true, found, mend: null });
export const trouble = (component: string, found: string, mend: string, ok: false | 'warning' = false): DoctorLine => ({
  component,
  ok,
  found,
  mend,
});
