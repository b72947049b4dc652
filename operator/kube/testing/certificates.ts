import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issue, type Authority } from '../../../test/cluster/certificates.ts';

/** PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** An authority, and what it issued for 127.0.0.1 and localhost. */
export interface Certificates {
  readonly authority: string;
  /** Has issued none of the others. */
  readonly otherAuthority: string;
  readonly server: Identity;
  readonly client: Identity;
  /** As `client`, later. */
  readonly renewed: Identity;
}

export async function makeCertificates(): Promise<Certificates> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-certificates-'));
  const authority = await createAuthority(join(folder.path, 'authority'));
  const other = await createAuthority(join(folder.path, 'other'));
  return {
    authority: (await identityOf(authority, 'ca')).certificate,
    otherAuthority: (await identityOf(other, 'ca')).certificate,
    server: await issued(authority, 'server', ['IP:127.0.0.1', 'DNS:localhost']),
    client: await issued(authority, 'client'),
    renewed: await issued(authority, 'renewed'),
  };
}

async function issued(authority: Authority, name: string, servesAs?: readonly string[]): Promise<Identity> {
  await issue(authority, { name, user: name, ...(servesAs === undefined ? {} : { servesAs }) });
  return await identityOf(authority, name);
}

async function identityOf(authority: Authority, name: string): Promise<Identity> {
  const [certificate, key] = await Promise.all(
    ['crt', 'key'].map(async (kind) => await readFile(authority.file(`${name}.${kind}`), 'utf8')),
  );
  return { certificate: certificate ?? '', key: key ?? '' };
}
