// What one probe found, before `look` adds the times. Shape only.
import type { Reading } from '../../contract/flow.ts';

export type Finding = Pick<Reading, 'level' | 'reason' | 'message'> & Partial<Pick<Reading, 'measures' | 'processes' | 'processAgeMs'>>;
