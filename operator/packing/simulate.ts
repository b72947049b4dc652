import { bestCuts } from './best-cuts.ts';
import { longestFirstSeconds } from './longest-first.ts';

/**
 * `RoundRobin`: block j on GPU j mod N, as the paper's first version. `LongestFirst`: each GPU takes the longest block
 * that is left, as `packing: PerBlock` does. `Packed`: units of neighbouring blocks, as `packing: Auto` cuts them for N.
 */
export type Schedule = 'RoundRobin' | 'LongestFirst' | 'Packed';

export interface TimedWork {
  /** Seconds of each block as a unit of its own, in the network's order. */
  readonly blocks: readonly { readonly name: string; readonly seconds: number }[];
  /** Seconds of a unit of the blocks `first` to `last`; absent where only times of single blocks are known. */
  readonly unitSeconds?: (first: number, last: number) => number;
}

export interface SimulatedRun {
  readonly gpus: number;
  readonly schedule: Schedule;
  readonly units: number;
  /** From the first unit's start to the last one's end. */
  readonly makespanSeconds: number;
  /** Against the same schedule on one GPU: what parallel work gains, without what packing saves. */
  readonly speedup: number;
  /** Busy seconds of all GPUs / (GPUs x makespan). */
  readonly balance: number;
  readonly idleGpuSeconds: number;
}

export interface Simulation {
  readonly runs: readonly SimulatedRun[];
  /** Sum of the blocks' times / longest: without packing no number of GPUs gains more. */
  readonly ceiling: number;
  readonly longestBlock: string;
  /** Seconds of one GPU, a block a unit. */
  readonly serialSeconds: number;
  /** Seconds of one GPU with packing; absent where only times of single blocks are known. */
  readonly packedSerialSeconds?: number;
}

/**
 * What some numbers of equal GPUs would make of the blocks: times are replayed, nothing is run. Contention of workers on
 * one machine is not in it.
 */
export function simulate(work: TimedWork, gpus: readonly number[]): Simulation {
  const seconds = work.blocks.map((block) => block.seconds);
  const longest = Math.max(...seconds);
  const { unitSeconds } = work;
  const packedSerial =
    unitSeconds === undefined ? undefined : packedUnits(seconds.length, 1, unitSeconds).reduce(add, 0);
  const serialSeconds = seconds.reduce(add, 0);
  return {
    runs: gpus.flatMap((count) => [
      runOf('RoundRobin', { units: seconds, gpus: count, serialSeconds }),
      runOf('LongestFirst', { units: seconds, gpus: count, serialSeconds }),
      ...(unitSeconds === undefined || packedSerial === undefined
        ? []
        : [
            runOf('Packed', {
              units: packedUnits(seconds.length, count, unitSeconds),
              gpus: count,
              serialSeconds: packedSerial,
            }),
          ]),
    ]),
    ceiling: serialSeconds / longest,
    longestBlock: work.blocks.find((block) => block.seconds === longest)?.name ?? '',
    serialSeconds,
    ...(packedSerial === undefined ? {} : { packedSerialSeconds: packedSerial }),
  };
}

interface Units {
  /** Seconds of each unit. */
  readonly units: readonly number[];
  readonly gpus: number;
  readonly serialSeconds: number;
}

function runOf(schedule: Schedule, { units, gpus, serialSeconds }: Units): SimulatedRun {
  const makespanSeconds =
    schedule === 'RoundRobin' ? roundRobinSeconds(units, gpus) : longestFirstSeconds(units, gpus);
  const busy = units.reduce(add, 0);
  return {
    gpus,
    schedule,
    units: units.length,
    makespanSeconds,
    speedup: serialSeconds / makespanSeconds,
    balance: busy / (gpus * makespanSeconds),
    idleGpuSeconds: Math.max(0, gpus * makespanSeconds - busy),
  };
}

function packedUnits(
  blocks: number,
  workers: number,
  seconds: NonNullable<TimedWork['unitSeconds']>,
): number[] {
  const ends = bestCuts({ blocks, workers, seconds });
  return ends.map((end, unit) => seconds(ends[unit - 1] ?? 0, end - 1));
}

function roundRobinSeconds(units: readonly number[], gpus: number): number {
  const busy = new Map<number, number>();
  for (const [index, seconds] of units.entries()) {
    busy.set(index % gpus, (busy.get(index % gpus) ?? 0) + seconds);
  }
  return Math.max(...busy.values());
}

function add(total: number, each: number): number {
  return total + each;
}
