import type { ReportInput } from '../report-input.ts';
import type { Warning } from '../report-schema.ts';
import type { Timeline } from '../schema/timeline.ts';

/** Looks at one thing, and says what a reader must bear in mind about it; mostly nothing. */
export type Check = (input: ReportInput, timeline: Timeline | undefined) => readonly Warning[];

export function warning(code: string, text: string): Warning {
  return { code, text };
}
