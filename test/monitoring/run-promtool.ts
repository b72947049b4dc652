import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prometheusFolder } from '../../scripts/prometheus/prometheus.ts';

export interface Verdict {
  readonly code: number | null;
  readonly said: string;
}

/** Runs promtool, with a text on its standard input where it reads one. */
export async function runPromtool(toolArguments: readonly string[], input = ''): Promise<Verdict> {
  const child = spawn(join(await prometheusFolder(), 'promtool'), toolArguments);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  child.stdin.end(input);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said }));
  });
}
