import type { DistillationJobStatus } from '../../crds/status.ts';
import type { EnergyBaseline } from './energy-figures.ts';
import { totalOf, type EnergyAccount } from './energy.ts';
import type { Interval } from './intervals.ts';

/** What decides how long units take and what they draw, but no bit of what they make. */
export interface Execution {
  readonly packing: string;
  /** For how many workers `Auto` packs. */
  readonly workers?: number | undefined;
  /** The blocks of each unit, where they are known: what packing has come to, which then decides, whatever it was asked for. */
  readonly units?: readonly (readonly string[])[] | undefined;
  /** Digest of what the spec says of it. */
  readonly activationCache: string;
  /** Digest of what the spec gives to a unit of the distill stage. */
  readonly resources: string;
}

/** What must be the same of two jobs whose times and energies are compared; undefined where it isn't known. */
export interface Fingerprint {
  /** Digest of the teacher's files. */
  readonly teacher: string | undefined;
  /** Digest of the materialised data. */
  readonly data: string | undefined;
  /** Digest of what the spec says that blocks depend on. */
  readonly spec: string | undefined;
  readonly precision: string | undefined;
  /** Of two that differ here, what parallel work gains is mixed up with what caching or sharing a pass of the teacher saves. */
  readonly execution: Execution | undefined;
  /** The models of all GPUs that units ran on, or of the CPU where there were none. */
  readonly gpuModels: readonly string[];
}

/** What is different of two jobs, in words, so that one is no baseline of the other; empty when nothing is. */
export function compareFingerprints(ours: Fingerprint, theirs: Fingerprint): string[] {
  return [
    ...difference('the teacher', digestText(ours.teacher), digestText(theirs.teacher)),
    ...difference('the data', digestText(ours.data), digestText(theirs.data)),
    ...difference('what the spec says of blocks', digestText(ours.spec), digestText(theirs.spec)),
    ...difference('the precision', ours.precision, theirs.precision),
    ...executionDifferences(ours.execution, theirs.execution),
    ...difference('the GPU model', modelText(ours.gpuModels), modelText(theirs.gpuModels)),
    ...mixed('here', ours.gpuModels),
    ...mixed('there', theirs.gpuModels),
  ];
}

/** Why a job can't be the baseline of another, as a sentence; undefined when it can. */
export function baselineRefusal(name: string, ours: Fingerprint, theirs: Fingerprint): string | undefined {
  const differences = compareFingerprints(ours, theirs);
  if (differences.length === 0) return undefined;
  return `Job ${name} is no baseline for this one: ${differences.join('; ')}. Name a job of the same teacher, data, spec, precision, units (packing), activation cache, resources and GPU model in spec.execution.baseline.jobName.`;
}

function difference(what: string, ours: string | undefined, theirs: string | undefined): string[] {
  if (ours === undefined || theirs === undefined) {
    const where = ours !== undefined ? 'there' : theirs !== undefined ? 'here' : 'on both sides';
    return [`${what} is unknown ${where}`];
  }
  return ours === theirs ? [] : [`${what} differs (${ours} here, ${theirs} there)`];
}

function executionDifferences(ours: Execution | undefined, theirs: Execution | undefined): string[] {
  if (ours === undefined || theirs === undefined) {
    return difference('how units are run', ours?.packing, theirs?.packing);
  }
  return [
    ...unitDifferences(ours, theirs),
    ...difference(
      'the activation cache',
      digestText(ours.activationCache),
      digestText(theirs.activationCache),
    ),
    ...difference('what a unit may use', digestText(ours.resources), digestText(theirs.resources)),
  ];
}

/** The units depend on prepare's measurements and on the number of workers, so that the same words may come to others. */
function unitDifferences(ours: Execution, theirs: Execution): string[] {
  const known = ours.units !== undefined && theirs.units !== undefined;
  if (known && JSON.stringify(ours.units) === JSON.stringify(theirs.units)) return [];
  const bothAuto = ours.packing === 'Auto' && theirs.packing === 'Auto';
  const text = ({ packing, workers }: Execution): string =>
    bothAuto && workers !== undefined ? `${packing} for ${workers}` : packing;
  const asked = difference('the packing', text(ours), text(theirs));
  if (asked.length > 0 || !known) return asked;
  return [
    `the units into which blocks are packed differ (${ours.units.length} here, ${theirs.units.length} there)`,
  ];
}

/** Enough of a digest to tell two apart. */
function digestText(digest: string | undefined): string | undefined {
  return digest?.slice(0, 'sha256:'.length + 12);
}

function modelText(models: readonly string[]): string | undefined {
  return models.length === 0 ? undefined : [...new Set(models)].toSorted().join(' and ');
}

/** Between cards that differ among themselves a speedup means nothing, also where both jobs have the same mixture. */
function mixed(where: string, models: readonly string[]): string[] {
  return new Set(models).size > 1 ? [`the GPUs ${where} are of more than one model`] : [];
}

/** A number that is known, or why it isn't. */
type Known<Value> = { readonly value: Value } | { readonly reason: string };

/** What a serial run gives to compare with. */
export interface Baseline {
  /** From its first unit's start to the last one's end, suspended time left out. */
  readonly seconds: Known<number>;
  /** Of the whole job, prepare and finetune included. */
  readonly energy: Known<EnergyBaseline>;
}

/** Another job as the baseline: it has to be complete, on one device, and not interrupted. */
export function baselineOfJob(status: DistillationJobStatus): Baseline {
  const refusal = whyNotSerial(status);
  if (refusal !== undefined) return { seconds: { reason: refusal }, energy: { reason: refusal } };
  const { speedup = {}, energy = {}, attempts: { prepare = 1, finetune = 1 } = {} } = status;
  const { parallelSeconds, balance } = speedup;
  const { usedDevices, dedicatedNode, coverage = [] } = energy;
  return {
    seconds:
      parallelSeconds === undefined || balance === undefined
        ? { reason: speedup.reason ?? 'Its status does not say how long its units took.' }
        : // Of one worker: what it was busy, without the waits between its units.
          { value: balance * parallelSeconds },
    energy:
      prepare > 1 || finetune > 1
        ? { reason: repeated('Its prepare or finetune') }
        : usedDevices === undefined || coverage.length === 0
          ? { reason: energy.reason ?? 'Its status does not say what it drew.' }
          : {
              value: {
                coverage,
                used: usedDevices,
                ...(dedicatedNode === undefined ? {} : { dedicatedNode }),
              },
            },
  };
}

function whyNotSerial({ phase, speedup, blocks = [] }: DistillationJobStatus): string | undefined {
  if (phase !== 'Complete') return `It is not complete (${phase ?? 'not begun'}).`;
  const workers = speedup?.workers;
  if (workers === undefined) return 'Its status does not say how many units ran at once.';
  if (workers > 1) return `It is no serial run: ${workers} of its units ran at once.`;
  const failed = blocks.filter(({ state }) => state === 'Failed').length;
  if (failed > 0) return `${failed} of its blocks failed, so it did less work than a whole serial run.`;
  const again = blocks.filter(({ attempts = 0 }) => attempts > 1).length;
  return again === 0 ? undefined : repeated(`${again} of its blocks`);
}

/** A serial run of this very job, from its units: the attempts with the time for which each held the device. */
export function baselineOfRun(
  attempts: readonly (Interval & { readonly committed: boolean })[],
  energy: EnergyAccount,
): Baseline {
  const lost = attempts.filter(({ committed }) => !committed).length;
  const seconds = attempts.reduce((total, { start, end }) => total + end - start, 0);
  const unmeasured = seconds > 0 ? undefined : 'It took no measurable time.';
  const reason =
    attempts.length === 0 ? 'The serial run has not ended.' : lost > 0 ? repeated('It') : unmeasured;
  if (reason !== undefined) return { seconds: { reason }, energy: { reason } };
  const { coverage, used, dedicatedNode, reasons } = energy;
  return {
    seconds: { value: seconds },
    energy:
      coverage.length === 0
        ? { reason: reasons.join(' ') }
        : {
            value: {
              coverage,
              used: totalOf(used),
              ...(dedicatedNode === undefined ? {} : { dedicatedNode: totalOf(dedicatedNode) }),
            },
          },
  };
}

/** Lost work would make a baseline longer, and so every speedup greater. */
function repeated(what: string): string {
  return `${what} had to be tried more than once, and a baseline with lost work overstates what parallel work gains.`;
}
