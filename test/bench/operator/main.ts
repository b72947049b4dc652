/** The scale benchmark of the operator, beside JobSet where that can be built. See ../README.md. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '../../../common/error.ts';
import { writeJsonAtomically } from '../../../common/files.ts';
import { cannotRun } from '../../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../../cluster/control-plane.ts';
import type { Contender, ContenderOptions } from './contender.ts';
import type { Figures } from './figures.ts';
import { startJobSetContender } from './jobset-contender.ts';
import { startOperatorContender } from './operator-contender.ts';
import { runContender, type ContenderResult } from './run-contender.ts';

const help = `Usage: node test/bench/operator/main.ts [options]

  --jobs N        DistillationJobs (default 1000)
  --blocks N      units of each (default 5)
  --qps N         requests a second that a controller may make (default 1000)
  --spread N      seconds over which units end, once all are there (default 60)
  --no-jobset     without JobSet
  --output FILE   all that was measured, as JSON (default dist/bench/operator.json)
`;

const flags = {
  jobs: { type: 'string', default: '1000' },
  blocks: { type: 'string', default: '5' },
  qps: { type: 'string', default: '1000' },
  spread: { type: 'string', default: '60' },
  'no-jobset': { type: 'boolean', default: false },
  output: { type: 'string', default: join('dist', 'bench', 'operator.json') },
  help: { type: 'boolean' },
} as const;

const contenders: Readonly<Record<string, (options: ContenderOptions) => Promise<Contender>>> = {
  blockstill: startOperatorContender,
  jobset: startJobSetContender,
};

const rows: readonly (readonly [what: string, show: (figures: Figures) => string])[] = [
  ['unit Jobs a second, from the release', ({ unitsPerSecond }) => unitsPerSecond.toFixed(0)],
  ['the same, without first and last tenth', ({ unitsPerSecondBetween }) => unitsPerSecondBetween.toFixed(0)],
  ['seconds until all units are there', ({ secondsToAllUnits }) => secondsToAllUnits.toFixed(1)],
  ['last pod ended to finetune, p50 ms', ({ finetuneLatency }) => milliseconds(finetuneLatency.p50)],
  ['last pod ended to finetune, p99 ms', ({ finetuneLatency }) => milliseconds(finetuneLatency.p99)],
  ['last Job complete to finetune, p50 ms', ({ finetuneAfterJob }) => milliseconds(finetuneAfterJob.p50)],
  ['last Job complete to finetune, p99 ms', ({ finetuneAfterJob }) => milliseconds(finetuneAfterJob.p99)],
  ['API requests a child', ({ requestsPerChild }) => requestsPerChild.toFixed(2)],
  ['controller CPU ms a child', ({ cpuSecondsPerChild }) => (cpuSecondsPerChild * 1000).toFixed(2)],
  ['controller memory, all units live MB', ({ liveBytes }) => (liveBytes / 1e6).toFixed(0)],
  ['controller memory, peak MB', ({ peakBytes }) => (peakBytes / 1e6).toFixed(0)],
  ['controller memory, all finished MB', ({ finalBytes }) => (finalBytes / 1e6).toFixed(0)],
];

function milliseconds(seconds: number): string {
  return (seconds * 1000).toFixed(0);
}

function printTable(results: ReadonlyMap<string, ContenderResult>): void {
  const names = [...results.keys()];
  console.log(`\n${''.padEnd(42)}${names.map((name) => name.padStart(12)).join('')}`);
  for (const [what, show] of rows) {
    const cells = [...results.values()].map(({ figures }) => show(figures).padStart(12));
    console.log(`${what.padEnd(42)}${cells.join('')}`);
  }
  for (const [name, { measured }] of results) {
    const { created } = measured.timeline;
    console.log(
      `\n${name}: ${created.prepare.length} prepare, ${created.distill.length} unit and ${created.finetune.length} finetune Jobs; its requests:`,
    );
    for (const [kind, count] of Object.entries(measured.requests.byKind)) {
      console.log(`  ${String(count).padStart(7)}  ${kind}`);
    }
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: flags });
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (cannotRun('The scale benchmark', await whyNoControlPlane())) return 0;
  const options = {
    jobs: Number(values.jobs),
    blocks: Number(values.blocks),
    qps: Number(values.qps),
    spreadSeconds: Number(values.spread),
  };
  const output = resolve(values.output);
  const results = new Map<string, ContenderResult>();
  for (const [name, start] of Object.entries(contenders)) {
    if (values['no-jobset'] && name === 'jobset') continue;
    const report = (line: string): void => console.log(`${name}: ${line}`);
    results.set(name, await runContender(start, { ...options, report }));
    // Also of a run whose next contender can't be started.
    await writeJsonAtomically(output, { options, results: Object.fromEntries(results) });
  }
  printTable(results);
  console.log(`\nwritten to ${output}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}
