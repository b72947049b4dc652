import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { isThere } from '../cluster/kubernetes.ts';
import { runCommand } from '../tensorflow/command.ts';

/** What builds and runs images in tests, as Debian packages: a builder without a daemon, a maker of base images, a runtime. */
export const builderPackages = ['buildah', 'mmdebstrap', 'runc'] as const;

/** The npm in the base image; Node's own image has one of this line. */
export const npmVersion = '11.19.1';

/**
 * How the root file system of the base image is made: a Debian 12 as small as the official slim one, which has the same
 * settings for dpkg.
 */
export const baseOptions = [
  '--quiet',
  '--variant=apt',
  '--dpkgopt=force-unsafe-io',
  ...['doc', 'man', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
];

/** The archive in the cache with the root file system of the base image; it may not be there yet. */
export function baseArchive(): string {
  const digest = digestOfJson({ baseOptions, npmVersion, node: process.version, processor: process.arch });
  return join(
    cacheFolder(),
    `image-base-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`,
    'base.tar',
  );
}

/** The name under which the tests that build images are skipped. */
export const imageSuite = 'The suite that builds images';

/** Why this machine can't build images for tests; undefined when it can. */
export async function whyNoImageBuilder(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'builds without a daemon mount file systems, so it needs root';
  const missing = await missingPrograms();
  if (missing.length > 0)
    return `there is no ${missing.join(' and no ')}; node scripts/setup-image-builder.ts installs it`;
  const base = baseArchive();
  return (await isThere(base))
    ? undefined
    : `there is no ${base}; node scripts/setup-image-builder.ts makes it`;
}

export async function missingPrograms(): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const name of builderPackages) {
    if ((await runCommand(name, ['--version'])).missing) missing.push(name);
  }
  return missing;
}

/**
 * The file with the certificate authorities that this machine trusts: the one that its package clients were told of, or
 * else Debian's own; undefined where there is none.
 */
export async function certificates(): Promise<string | undefined> {
  const { NODE_EXTRA_CA_CERTS, SSL_CERT_FILE } = process.env;
  const file = NODE_EXTRA_CA_CERTS ?? SSL_CERT_FILE ?? '/etc/ssl/certs/ca-certificates.crt';
  return await access(file, constants.R_OK).then(
    () => file,
    () => undefined,
  );
}
