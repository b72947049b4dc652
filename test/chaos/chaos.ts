/** `make chaos`: breaks what can be broken around the operator, for a long time, and says what came of it. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '../../common/error.ts';
import { writeJsonAtomically } from '../../common/files.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { possibleWith, type Disturbance } from './disturbances.ts';
import { operatorsInWords, runEveryWay, waysToRun } from './every-way.ts';
import { runChaos, type ChaosReport } from './run-chaos.ts';

const help = `Usage: node test/chaos/chaos.ts [options]

  --seed N           repeat the run of this seed: what happens, and to whom (default: another one each time)
  --kills N          kill the operator at least so often (default 200)
  --jobs N           create at least so many DistillationJobs (default 50)
  --at-once N        DistillationJobs at the same time (default 8)
  --operators N      operators at the same time; more than one take turns by a Lease (default: a run with one, then
                     a run with two; with --seed, one)
  --gpus N           GPUs of the pretend node (default 16)
  --blocks N         blocks of each job (default 5)
  --fault-rate X     probability of each fault in a request of the operator (default 0.01)
  --pause X          seconds between disturbances, at most (default 2)
  --only WORDS       only what has one of these in its name, as 'a Job deleted,killed'

Each run ends with a verdict; the exit code is 0 when all are good. The history of a run with violations is left in
dist/chaos/.
`;

const options = {
  seed: { type: 'string' },
  kills: { type: 'string', default: '200' },
  jobs: { type: 'string', default: '50' },
  'at-once': { type: 'string', default: '8' },
  operators: { type: 'string' },
  gpus: { type: 'string', default: '16' },
  blocks: { type: 'string', default: '5' },
  'fault-rate': { type: 'string', default: '0.01' },
  pause: { type: 'string', default: '2' },
  only: { type: 'string', default: '' },
  help: { type: 'boolean' },
} as const;

const misbehaviour = {
  Fails: 0.02,
  OutOfMemory: 0.02,
  Interrupted: 0.02,
  Evicted: 0.02,
  Preempted: 0.02,
  AdmissionError: 0.02,
  DeletedAfterSuccess: 0.04,
  MessageLost: 0.01,
  ImagePullBackOff: 0.02,
  NodeGone: 0.01,
} as const;

function print({ audit, kills, takeovers, disturbances, faults, requests }: ChaosReport): void {
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`).join('\n');
  console.log(
    `\nDisturbances (kills of the operator: ${kills}; takeovers from a paused leader: ${takeovers}):\n${list(disturbances)}`,
  );
  console.log(`Faults in ${requests} requests:\n${list(faults)}`);
  const numbers = [...Object.entries(audit.counts), ...Object.entries(audit.statusWrites)];
  console.log(`Seen by the auditor:\n${list(new Map(numbers))}`);
  console.log(`Violations: ${audit.violations.length}`);
  for (const { rule, sentence } of audit.violations) console.log(`  ${rule}: ${sentence}`);
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

/** What may happen to so many operators, by `--only`. */
function wantedOf(only: string, operators: number): readonly Disturbance[] {
  const words = only.split(',').filter((word, _, all) => word !== '' || all.length === 1);
  return possibleWith(operators).filter(({ name }) => words.some((word) => name.includes(word)));
}

/** Answers the number of violations. */
async function runOnce(values: Values, seed: number, operators: number): Promise<number> {
  console.log(
    `${operatorsInWords(operators)}, seed ${seed}; the same again: node test/chaos/chaos.ts --seed ${seed} --operators ${operators}`,
  );
  const report = await runChaos({
    disturbances: wantedOf(values.only, operators),
    seed,
    kills: Number(values.kills),
    jobs: Number(values.jobs),
    jobsAtOnce: Number(values['at-once']),
    operators,
    gpus: Number(values.gpus),
    blocks: Number(values.blocks),
    faultRate: Number(values['fault-rate']),
    pauseSeconds: Number(values.pause),
    // A Job without a pod is replaced after eleven minutes, a pod that never ends after seven; one job may have both.
    settleSeconds: 1500,
    oneTry: 0.2,
    misbehaviour,
    report: (line) => console.log(line),
  });
  print(report);
  const { audit, history, happened } = report;
  if (audit.violations.length > 0) {
    const file = join('dist', 'chaos', `seed-${seed}-operators-${operators}.json`);
    await writeJsonAtomically(file, { violations: audit.violations, happened, events: history.events });
    console.log(`All that the auditor saw is in ${file}.`);
  }
  return audit.violations.length;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (cannotRun('The chaos suite', await whyNoControlPlane())) return 0;
  const ways = waysToRun(values);
  const empty = ways.find((operators) => wantedOf(values.only, operators).length === 0);
  if (empty !== undefined) {
    const names = possibleWith(empty).map(({ name }) => name);
    console.error(
      `--only: no disturbance of ${operatorsInWords(empty)} has one of "${values.only}" in its name. There are: ${names.join('; ')}.`,
    );
    return 2;
  }
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  const verdicts = await runEveryWay(ways, async (operators) => await runOnce(values, seed, operators));
  console.log(`\n${verdicts.map(({ sentence }) => sentence).join('\n')}`);
  return verdicts.every(({ isGood }) => isGood) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}
