import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startProcess } from './start-process.ts';
import { waitFor } from './wait-for.ts';

const module = fileURLToPath(new URL('./start-process.ts', import.meta.url));

test('a program ends with the process that started it, also when that is killed', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-process-'));
  const log = JSON.stringify(join(folder.path, 'log'));
  const starter = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { startProcess } from ${JSON.stringify(module)};
     console.log((await startProcess('sleep', ['600'], { log: ${log} })).pid);`,
  ]);
  const [line] = (await once(starter.stdout.setEncoding('utf8'), 'data')) as [string];
  const pid = Number(line);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  starter.kill('SIGKILL');
  await waitFor('the program to end', async () => (existsSync(`/proc/${pid}`) ? undefined : true), 10);
});

test('a program that has ended says so, with its last words', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-process-'));
  const started = await startProcess('sh', ['-c', 'echo no such flag; exit 3'], {
    log: join(folder.path, 'log'),
  });
  expect(await waitFor('the program to end', started.ending, 10)).toBe(
    'sh has ended with code 3. It said:\nno such flag',
  );
});
