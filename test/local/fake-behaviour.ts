export type Fault =
  'none' | 'invalid' | 'crash' | 'without-result' | 'interrupted' | 'hang' | 'crash-after-commit';

/** How `fake-worker.ts` behaves. */
export interface FakeBehaviour {
  readonly blocks?: number;
  readonly steps?: number;
  readonly stepMilliseconds?: number;
  /** By unit: what goes wrong in the first, second, ... attempt. */
  readonly faults?: Readonly<Record<string, readonly Fault[]>>;
  readonly collapsed?: readonly string[];
  readonly accepted?: boolean;
  /** Of which the digests of teacher and data are; `teacher` and `data` by default. */
  readonly teacher?: string;
  readonly data?: string;
  readonly deviceName?: string;
}
