import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Where it runs; default: where this process runs. */
  readonly folder?: string;
}

export interface CommandResult {
  /** The exit code; `undefined` when there is no such program, or a signal ended it. */
  readonly code: number | undefined;
  /** There is no such program on PATH. */
  readonly missing: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, without a shell. Rejects only when `signal` aborts it, and not before it has ended with all
 * that it started: until then it may still write to files that the caller removes.
 */
export async function runCommand(
  program: string,
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    let aborted: Error | undefined;
    const child = spawn(program, commandArguments, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.folder,
      env: { ...process.env, ...options.environment },
      ...(options.signal ? { signal: options.signal } : {}),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ code: undefined, missing: true, stdout, stderr });
      else if (error.name === 'AbortError') aborted = error;
      else reject(error);
    });
    child.on('close', (code) => {
      if (aborted) reject(aborted);
      else resolve({ code: code ?? undefined, missing: false, stdout, stderr });
    });
  });
}

/** The last lines of what a program said, for the end of an error message. */
export function lastLines(text: string, count = 8): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
