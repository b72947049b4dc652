import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Requests of a user to the API server, watches apart; `byKind` has them as `create jobs`, `update jobs/status` ... */
export interface RequestCounts {
  readonly total: number;
  readonly byKind: Readonly<Record<string, number>>;
}

/**
 * The arguments with which kube-apiserver writes down every request of these users, and of nobody else.
 *
 * @param level - `Request`: also what they send
 */
export async function auditArguments(
  folder: string,
  users: readonly string[],
  level: 'Metadata' | 'Request' = 'Metadata',
): Promise<readonly string[]> {
  const policy = join(folder, 'audit-policy.json');
  const content = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived', 'ResponseStarted'],
    rules: [{ level, users }, { level: 'None' }],
  };
  await writeFile(policy, JSON.stringify(content));
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLog(folder)}`];
}

export function auditLog(folder: string): string {
  return join(folder, 'audit.log');
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
}

export async function countRequests(file: string, user: string): Promise<RequestCounts> {
  const byKind: Record<string, number> = {};
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { verb, user: who, objectRef = {} } = JSON.parse(line) as AuditEvent;
    if (who.username !== user || verb === 'watch') continue;
    const { resource = 'other', subresource } = objectRef;
    const kind = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return { total: Object.values(byKind).reduce((sum, count) => sum + count, 0), byKind };
}
