import type { BlockStatus } from '../../crds/status.ts';
import type { BlockResult, DistillResult } from '../../worker/contract/unit-result.ts';

export interface MeasuredBlock {
  readonly block: BlockStatus;
  readonly result: BlockResult | undefined;
  readonly unit: DistillResult | undefined;
  /** Why a figure of a result is unknown. */
  readonly noResult: string;
}

/** How long inference of a block takes, before and after, and the most memory that its unit took. */
export function inferenceAndMemory(measured: MeasuredBlock) {
  const { block, result, unit } = measured;
  const latency = block.latency ?? result?.latency ?? undefined;
  const memory = block.peakMemory ?? unit?.peakMemory;
  const noLatency = whyNoLatency(measured);
  const noMemory = ended(block) ? 'Its worker did not say.' : measured.noResult;
  return {
    teacherLatency: [latency?.teacherMilliseconds, noLatency],
    replacementLatency: [latency?.replacementMilliseconds, noLatency],
    latencyBatchSize: [latency?.batchSize, noLatency],
    peakMemoryBytes: [memory?.deviceBytes, memory === undefined ? noMemory : whyNoDevice(measured)],
    peakHostMemoryBytes: [memory?.hostBytes, noMemory],
  } as const;
}

function whyNoLatency({ block, result, noResult }: MeasuredBlock): string {
  if (!ended(block)) return noResult;
  if (block.state === 'Collapsed') return 'It collapsed: there is no replacement to time.';
  return result?.latency === null
    ? 'It could not be timed; the log of its worker says why.'
    : 'Its worker did not time it, or could not say.';
}

function whyNoDevice({ block, unit }: MeasuredBlock): string {
  if (block.gpu === undefined) return 'It was trained on processors alone.';
  const reason = block.peakMemory?.reason ?? unit?.peakMemory?.reason;
  return reason === undefined ? 'Its worker did not say.' : `Memory of the GPU: ${reason}.`;
}

function ended({ state }: BlockStatus): boolean {
  return state === 'Distilled' || state === 'Collapsed';
}
