import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Settings } from '../../common/s3/open-object-store.ts';
import { s3ServerProgram } from '../../scripts/s3/s3-server.ts';
import { createAuthority, issue } from '../cluster/certificates.ts';
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

export interface S3ServerOptions {
  /** Objects that are larger are not copied. */
  readonly copyLimitBytes?: number;
  /** Speaks TLS; this process then trusts its authority. */
  readonly tls?: boolean;
}

/** Starts a real S3 server on a port and in a folder of its own. It ends with this process, also when that is killed. */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'blockstill-s3-'));
  for (const name of ['buckets', 'accounts']) await mkdir(join(folder, name));
  const accounts = { [stranger.AWS_ACCESS_KEY_ID]: accountOf(stranger) };
  await writeFile(join(folder, 'accounts', 'users.json'), JSON.stringify({ accessAccounts: accounts }));
  const [port = 0] = await freePorts(1, '127.0.0.1');
  const address = `127.0.0.1:${port}`;
  const limit = options.copyLimitBytes === undefined ? [] : ['-copy-limit', `${options.copyLimitBytes}`];
  const certificate = options.tls === true ? await certify(join(folder, 'tls')) : [];
  const server = await startProcess(
    await s3ServerProgram(),
    ['-address', address, '-folder', folder, ...limit, ...certificate],
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
  const settings = {
    endpoint: `${options.tls === true ? 'https' : 'http'}://${address}`,
    region,
    forcePathStyle: true,
  };
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

/** Makes a certificate of an authority that this process trusts from now on, and gives the server's options for it. */
async function certify(folder: string): Promise<string[]> {
  const authority = await createAuthority(folder);
  await issue(authority, { name: 's3', user: 's3', servesAs: ['IP:127.0.0.1'] });
  const known = getCACertificates();
  setDefaultCACertificates([...known, await readFile(authority.file('ca.crt'), 'utf8')]);
  return ['-certificate', authority.file('s3.crt'), '-key', authority.file('s3.key')];
}

function credentialsOf(name: string): Credentials {
  return { AWS_ACCESS_KEY_ID: name, AWS_SECRET_ACCESS_KEY: `secret-of-${name}` };
}

function accountOf({ AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret }: Credentials) {
  return { access, secret, role: 'user', userID: 0, groupID: 0, projectID: 0 };
}
