import { workToSimulate } from '../../operator/local/work-to-simulate.ts';
import { simulate } from '../../operator/packing/simulate.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../render/printable.ts';
import { simulationReason, simulationTable } from '../render/simulation-table.ts';
import type { Terminal } from '../terminal.ts';

export interface SimulateCommand {
  /** A manifest, a folder with a plan, or a file of times. */
  readonly source: string;
  readonly gpus: readonly number[];
  readonly storage?: string | undefined;
  readonly output: 'text' | 'json';
}

/** `blockstill simulate`: says what some numbers of GPUs would make of a job's blocks. Runs and writes nothing. */
export async function simulateCommand(
  { source, gpus, storage, output }: SimulateCommand,
  out: Terminal,
): Promise<number> {
  const work = await workToSimulate(source, storage);
  const simulation = simulate(work, gpus);
  if (output === 'text') out.write(`${simulationTable(printable(work), printable(simulation)).join('\n')}\n`);
  else {
    const { blocks, startUpSeconds = null } = work;
    const { packedSerialSeconds = null, ...rest } = simulation;
    const reason = simulationReason(simulation);
    const report = {
      blocks,
      startUpSeconds,
      ...rest,
      packedSerialSeconds,
      ...(reason === undefined ? {} : { reason }),
    };
    out.write(`${JSON.stringify(report, undefined, 2)}\n`);
  }
  return exitCodes.Success;
}
