import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines, runCommand } from '../../scripts/tensorflow/command.ts';

/** A folder with a certificate authority, `ca.crt` and `ca.key`, and what it has issued. */
export interface Authority {
  readonly folder: string;
  /** The path of `<name>.crt` or `<name>.key`. */
  file(name: string): string;
}

export interface CertificateRequest {
  /** The name of its files. */
  readonly name: string;
  /** Whom Kubernetes takes the owner for. */
  readonly user: string;
  readonly group?: string;
  /** The addresses and names of a server, such as `IP:127.0.0.1`; without them it is a client's certificate only. */
  readonly servesAs?: readonly string[];
}

// The system's configuration would make every certificate an authority.
const emptyConfiguration = '[req]\ndistinguished_name = subject\n[subject]\n';

export async function createAuthority(folder: string): Promise<Authority> {
  await mkdir(folder, { mode: 0o700, recursive: true });
  await writeFile(join(folder, 'openssl.cnf'), emptyConfiguration);
  const authority: Authority = { folder, file: (name) => join(folder, name) };
  await certify(authority, 'ca', [
    '-subj',
    '/CN=blockstill-test-ca',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign',
  ]);
  return authority;
}

export async function issue(authority: Authority, request: CertificateRequest): Promise<void> {
  const { name, user, group, servesAs } = request;
  const usage = servesAs === undefined ? 'clientAuth' : 'serverAuth,clientAuth';
  await certify(authority, name, [
    '-CA',
    authority.file('ca.crt'),
    '-CAkey',
    authority.file('ca.key'),
    '-subj',
    `${group === undefined ? '' : `/O=${group}`}/CN=${user}`,
    '-addext',
    `extendedKeyUsage=${usage}`,
    ...(servesAs === undefined ? [] : ['-addext', `subjectAltName=${servesAs.join(',')}`]),
  ]);
}

async function certify(authority: Authority, name: string, options: readonly string[]): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', authority.file(`${name}.key`), '-out', authority.file(`${name}.crt`)];
  const result = await runCommand('openssl', [
    'req',
    '-x509',
    '-config',
    authority.file('openssl.cnf'),
    '-days',
    '365',
    ...key,
    ...files,
    ...options,
  ]);
  if (result.code === 0) return;
  throw new Error(`openssl made no certificate for ${name}: ${lastLines(result.stderr)}`);
}

/** Writes the keys with which the API server signs the tokens of service accounts: `sa.key`, `sa.pub`. */
export async function createTokenKeys(authority: Authority): Promise<void> {
  const keys = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await writeFile(authority.file('sa.key'), keys.privateKey, { mode: 0o600 });
  await writeFile(authority.file('sa.pub'), keys.publicKey);
}

/** Writes `<name>.kubeconfig` for the owner of the certificate of that name, and answers its path. */
export async function writeKubeconfig(authority: Authority, name: string, url: string): Promise<string> {
  const base64 = async (file: string) => (await readFile(authority.file(file))).toString('base64');
  const path = authority.file(`${name}.kubeconfig`);
  const cluster = { server: url, 'certificate-authority-data': await base64('ca.crt') };
  const user = {
    'client-certificate-data': await base64(`${name}.crt`),
    'client-key-data': await base64(`${name}.key`),
  };
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name, user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
    'current-context': 'test',
  };
  await writeFile(path, JSON.stringify(content, undefined, 2), { mode: 0o600 });
  return path;
}
