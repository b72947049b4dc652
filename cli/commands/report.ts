import { dirname, extname, resolve } from 'node:path';
import { asStorageInputError, writeFileAtomically } from '../../common/files.ts';
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { exitCodes } from '../exit-codes.ts';
import { buildReport } from '../report/build-report.ts';
import { readLocalDetails } from '../report/read-local-details.ts';
import type { ReportInput } from '../report/report-input.ts';
import { reportSchema } from '../report/report-schema.ts';
import { renderPage } from '../report/render/page.ts';
import type { Terminal } from '../terminal.ts';
import { readLocalStatus } from './read-local-status.ts';

export interface ReportCommand {
  readonly manifest: string;
  readonly storage?: string | undefined;
  /** `json`: `report.json` goes to standard output, and nothing is written. Else the file to write: the page, or the data alone if it ends in .json. */
  readonly output?: string | undefined;
}

/**
 * `blockstill report`: makes the report of the last or current run of a manifest on this machine.
 *
 * @throws BlockstillError `run/never-run`, `run/edited`; InvalidInputError `storage/not-writable`
 */
export async function reportCommand(command: ReportCommand, out: Terminal): Promise<number> {
  const job = await loadLocalJob(command.manifest, command.storage);
  const { status, written } = await readLocalStatus(job, command.manifest);
  const { namespace, name, uid } = job;
  const details = await readLocalDetails(job);
  return await putOutReport(
    { job: { namespace, name, uid }, status, asOf: written, details },
    command.output,
    out,
  );
}

/** Writes the page and, beside it, `report.json`; or prints the latter. The same for a job on a cluster. */
export async function putOutReport(
  input: ReportInput,
  output: string | undefined,
  out: Terminal,
): Promise<number> {
  const report = reportSchema.parse(buildReport(input, new Date()));
  const json = `${JSON.stringify(report, undefined, 2)}\n`;
  if (output === 'json') {
    out.write(json);
    return exitCodes.Success;
  }
  const given = resolve(output ?? `${input.job.name}-report.html`);
  const data = `${given.slice(0, given.length - extname(given).length)}.json`;
  try {
    // Who names a file of data wants that alone.
    if (given !== data) await writeFileAtomically(given, renderPage(report));
    await writeFileAtomically(data, json);
  } catch (error) {
    throw asStorageInputError(error, dirname(given));
  }
  out.write(`${given === data ? '' : `report: ${given}\n`}data: ${data}\n`);
  return exitCodes.Success;
}
