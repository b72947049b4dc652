import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Settings } from '../../common/s3/open-object-store.ts';
import { s3ServerProgram } from '../../scripts/s3/s3-server.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { startProcess } from '../cluster/start-process.ts';
import { waitFor } from '../cluster/wait-for.ts';

/** What a process needs to know for being let in. */
export interface Credentials {
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
}

export interface S3Server extends AsyncDisposable {
  /** As `spec.storage.s3` has it. */
  readonly settings: S3Settings & { readonly endpoint: string };
  /** May do everything. */
  readonly owner: Credentials;
  /** Is known, and may do nothing. */
  readonly stranger: Credentials;
  makeBucket(name: string): Promise<void>;
}

const region = 'us-east-1';
const owner = credentialsOf('owner');
const stranger = credentialsOf('stranger');

/**
 * Starts a real S3 server on a port and in a folder of its own. It ends with this process, also when that is killed.
 *
 * @param options.copyLimitBytes objects that are larger are not copied
 */
export async function startS3Server(options: { copyLimitBytes?: number } = {}): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'blockstill-s3-'));
  for (const name of ['buckets', 'accounts']) await mkdir(join(folder, name));
  const accounts = { [stranger.AWS_ACCESS_KEY_ID]: accountOf(stranger) };
  await writeFile(join(folder, 'accounts', 'users.json'), JSON.stringify({ accessAccounts: accounts }));
  const [port = 0] = await freePorts(1, '127.0.0.1');
  const address = `127.0.0.1:${port}`;
  const limit = options.copyLimitBytes === undefined ? [] : ['-copy-limit', `${options.copyLimitBytes}`];
  const server = await startProcess(
    await s3ServerProgram(),
    ['-address', address, '-folder', folder, ...limit],
    {
      log: join(folder, 'server.log'),
      environment: {
        S3_ROOT_ACCESS_KEY: owner.AWS_ACCESS_KEY_ID,
        S3_ROOT_SECRET_KEY: owner.AWS_SECRET_ACCESS_KEY,
      },
    },
  );
  const stop = async (): Promise<void> => {
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  };
  const settings = { endpoint: `http://${address}`, region, forcePathStyle: true };
  try {
    await waitFor('the S3 server', async () => {
      const ending = await server.ending();
      if (ending !== undefined) throw new Error(ending);
      const answer = await fetch(`${settings.endpoint}/healthz`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { settings, owner, stranger, makeBucket, [Symbol.asyncDispose]: stop };

  async function makeBucket(name: string): Promise<void> {
    const credentials = {
      accessKeyId: owner.AWS_ACCESS_KEY_ID,
      secretAccessKey: owner.AWS_SECRET_ACCESS_KEY,
    };
    const client = new S3Client({ ...settings, credentials });
    await client.send(new CreateBucketCommand({ Bucket: name }));
    client.destroy();
  }
}

function credentialsOf(name: string): Credentials {
  return { AWS_ACCESS_KEY_ID: name, AWS_SECRET_ACCESS_KEY: `secret-of-${name}` };
}

function accountOf({ AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret }: Credentials) {
  return { access, secret, role: 'user', userID: 0, groupID: 0, projectID: 0 };
}
