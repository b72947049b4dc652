import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Identity {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** An authority, and what it signed for 127.0.0.1 and localhost; made anew by openssl, valid for a day. */
export interface Certificates {
  readonly authority: string;
  /** Has signed none of the others. */
  readonly otherAuthority: string;
  readonly server: Identity;
  readonly client: Identity;
  /** As `client`, later. */
  readonly renewed: Identity;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'blockstill-certificates-'));
  try {
    const authority = sign(folder, 'authority');
    const otherAuthority = sign(folder, 'other-authority');
    const [server, client, renewed] = ['server', 'client', 'renewed'].map((name) =>
      sign(folder, name, 'authority'),
    );
    if (!server || !client || !renewed) throw new Error('three names give three identities');
    return {
      authority: authority.certificate,
      otherAuthority: otherAuthority.certificate,
      server,
      client,
      renewed,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A key and its certificate, signed by an earlier one or, without, by itself. */
function sign(folder: string, name: string, authority?: string): Identity {
  const file = (of: string, kind: string): string => join(folder, `${of}.${kind}`);
  const openssl = (...parameters: string[]): void =>
    void execFileSync('openssl', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    file(name, 'key'),
  ];
  if (authority === undefined) {
    openssl('req', '-x509', ...key, '-subj', `/CN=${name}`, '-days', '1', '-out', file(name, 'crt'));
  } else {
    writeFileSync(file(name, 'ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    openssl('req', ...key, '-subj', `/CN=${name}`, '-out', file(name, 'csr'));
    const by = ['-CA', file(authority, 'crt'), '-CAkey', file(authority, 'key'), '-CAcreateserial'];
    const request = ['-in', file(name, 'csr'), '-extfile', file(name, 'ext'), '-out', file(name, 'crt')];
    openssl('x509', '-req', ...by, ...request, '-days', '1');
  }
  return {
    certificate: readFileSync(file(name, 'crt'), 'utf8'),
    key: readFileSync(file(name, 'key'), 'utf8'),
  };
}
