import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startLeaseApi } from './lease-api.ts';
import { startOperator, writePlainKubeconfig } from './start-operator.ts';

const script = fileURLToPath(new URL('../../scripts/bundle.ts', import.meta.url));

it('the bundle of the operator leads with nothing but its own files, its watchdog included', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-bundle-'));
  await promisify(execFile)(process.execPath, [script, '--out', folder.path]);
  const names = await readdir(folder.path);
  expect(names).toEqual(expect.arrayContaining(['operator.mjs', 'watchdog-thread.mjs']));
  await using api = await startLeaseApi();
  const kubeconfig = await writePlainKubeconfig(folder.path, api.origin);
  await using operator = await startOperator({
    program: join(folder.path, 'operator.mjs'),
    args: ['--kubeconfig', kubeconfig, '--listen', '127.0.0.1:0'],
  });
  await operator.logged('Leading');
  const { port } = await operator.logged('Serving health and metrics');
  expect((await fetch(`http://127.0.0.1:${String(port)}/healthz`)).status).toBe(200);
  operator.kill('SIGTERM');
  expect(await operator.ended).toBe(0);
  expect(api.lease?.spec?.holderIdentity).toBeUndefined();
});
