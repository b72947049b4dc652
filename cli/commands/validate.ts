import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { validateJob } from '../../operator/local/validate-job.ts';
import { exitCodes } from '../exit-codes.ts';
import { styles } from '../render/style.ts';
import { validationTable } from '../render/validation-table.ts';
import type { Terminal } from '../terminal.ts';
import { workerCommand } from '../worker-command.ts';

export interface ValidateCommand {
  readonly manifest: string;
  readonly output: 'text' | 'json';
}

/** `blockstill validate`: checks manifest, model and data, and says what a run would do. Trains and keeps nothing. */
export async function validateCommand({ manifest, output }: ValidateCommand, out: Terminal): Promise<number> {
  const command = workerCommand();
  const job = await loadLocalJob(manifest);
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'blockstill-validate-'));
  const report = await validateJob(job, {
    workerCommand: command,
    environment: process.env,
    folder: scratch.path,
  });
  if (output === 'json') out.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else {
    const { green, bold } = styles(out.color);
    out.write(
      `${validationTable(report).join('\n')}\n\n${bold(job.name)}: ${green('OK')}. Nothing was trained.\n`,
    );
  }
  return exitCodes.Success;
}
