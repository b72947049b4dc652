/** A runner as a process of its own, so that it can be killed: `node run-fake-job.ts <manifest> <workers>`. */
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { runJob } from '../../operator/local/run-job.ts';
import { fakeWorker } from './fake-job.ts';

const [, , manifest = '', workers = '2'] = process.argv;
const controller = new AbortController();
process.on('SIGTERM', () => controller.abort());
const outcome = await runJob({
  job: await loadLocalJob(manifest),
  workerCommand: fakeWorker,
  environment: process.env,
  workers: Number(workers),
  interrupt: controller.signal,
  graceSeconds: 2,
  backoff: { baseSeconds: 0, maximumSeconds: 0 },
  now: () => new Date(),
  onUpdate: ({ status }) => process.stdout.write(`${status.phase}\n`),
});
process.stdout.write(`end ${outcome.status.phase}\n`);
