import { createReadStream } from 'node:fs';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { auditArguments, auditLog } from '../bench/operator/audit-log.ts';
import { jobs } from '../chaos/objects.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { operatorKubeconfig } from '../cluster/operator-kubeconfig.ts';
import { waitFor } from '../cluster/wait-for.ts';
import {
  createPoorNamespace,
  foreignJob,
  isOver,
  namespace,
  startOperatorWorld,
  waitingMessage,
} from './operator-world.ts';

const manifest = fileURLToPath(new URL('../../helm/manifests/rbac.yaml', import.meta.url));
const operator = 'system:serviceaccount:blockstill-system:blockstill-operator';

/** Never used: some clusters demand it of whoever makes children of a resource. */
const demandedOnly = 'update blockstill.dev/distillationjobs/finalizers';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Each permission as `verb group/resource`. */
async function granted(): Promise<readonly string[]> {
  const documents = parseAllDocuments(await readFile(manifest, 'utf8')).map(
    (document) => document.toJS() as { rules?: Rule[] },
  );
  const rules = documents.flatMap(({ rules: own = [] }) => own);
  const all = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => permission(verb, group, resource))),
    ),
  );
  return [...new Set(all)].toSorted((a, b) => a.localeCompare(b));
}

function permission(verb: string, group: string, resource: string): string {
  return `${verb} ${group === '' ? 'core' : group}/${resource}`;
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

/** What the API server says that the operator asked for, and what it refused. */
async function asked(log: string): Promise<{ used: readonly string[]; forbidden: readonly string[] }> {
  const used = new Set<string>();
  const forbidden = new Set<string>();
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const { verb, user, objectRef, responseStatus } = JSON.parse(line) as AuditEvent;
    if (user.username !== operator || objectRef?.resource === undefined) continue;
    const { apiGroup = '', resource, subresource } = objectRef;
    const what = permission(
      verb,
      apiGroup,
      subresource === undefined ? resource : `${resource}/${subresource}`,
    );
    used.add(what);
    if (responseStatus?.code === 403) forbidden.add(what);
  }
  return {
    used: [...used].toSorted((a, b) => a.localeCompare(b)),
    forbidden: [...forbidden].toSorted((a, b) => a.localeCompare(b)),
  };
}

describe.skipIf(cannotRun('The permissions of the operator', await whyNoControlPlane()))(
  'the operator',
  () => {
    test('asks for everything that it may do, and for nothing else', async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-audit-'));
      await using world = await startOperatorWorld({
        gpus: 40,
        serverArguments: async () => await auditArguments(folder.path, [operator]),
      });
      const kubeconfig = await operatorKubeconfig(world.controlPlane.kubeconfig, folder.path);
      await using process = await world.startOperator({
        args: ['--worker-image', 'example.dev/worker:1', '--leader-election-namespace', 'blockstill-system'],
        kubeconfig,
        elects: true,
      });
      await world.create('plain', { parts: { finetune: ['Waits'] } });
      // A Job that is there already, one that is deleted, and one without a pod.
      await world.kubectl(['apply', '-f', '-'], foreignJob('taken-p000-1'));
      await world.create('taken');
      await world.create('paused', { parts: { prepare: ['Waits'] } });
      await waitFor(
        'the Job',
        async () => await world.client.get(jobs, { namespace, name: 'paused-p000-1' }),
      );
      // The second time is counted in the event of the first.
      for (const suspend of [true, false, true]) {
        await world.edit('paused', { spec: { suspend } });
        await world.until('paused', 'to follow', ({ phase }) => (phase === 'Suspended') === suspend);
      }
      await createPoorNamespace(world, 'podless', { pods: '0' });
      await world.create('podless', { namespace: 'podless' });
      await waitingMessage(world, 'podless', 'QuotaExceeded');
      // Results are noted down when their Jobs have ended a while ago.
      const log = auditLog(folder.path);
      await waitFor('results that are noted down', async () =>
        (await asked(log)).used.includes('patch batch/jobs') ? true : undefined,
      );
      world.letGo('plain');
      await world.until('plain', 'to end', isOver);
      await waitFor('the repeated event', async () =>
        (await asked(log)).used.includes('patch events.k8s.io/events') ? true : undefined,
      );
      process.kill('SIGTERM');
      expect(await process.ended).toBe(0);
      // A watch is written down when it ends.
      await waitFor('the watches to end', async () =>
        (await asked(log)).used.filter((each) => each.startsWith('watch ')).length === 3 ? true : undefined,
      );
      const { used, forbidden } = await asked(log);
      expect(forbidden).toEqual([]);
      expect([...used, demandedOnly].toSorted((a, b) => a.localeCompare(b))).toEqual(await granted());
    }, 180_000);
  },
);
