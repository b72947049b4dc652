import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { describe, expect, test } from 'vitest';
import { renderJob } from '../../operator/cluster/render-job.ts';
import { owner } from '../../operator/cluster/testing/children.ts';
import { accepted } from '../../operator/cluster/testing/distillation-jobs.ts';
import { specDigests } from '../../worker/contract/job-spec.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { everySwitch } from './every-switch.ts';
import { checkersSuite, whyNoCheckers, whyNoHelm } from './requirements.ts';
import { runChecker } from './run-checker.ts';
import { template } from '../../scripts/helm/run-helm.ts';

interface Scored {
  readonly type_meta: { readonly kind: string };
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly summary: string }[] | null;
  }[];
}

interface KnownFinding {
  readonly finding: string;
  readonly in: readonly string[];
  readonly why: string;
}

/** The grade of what kube-score has nothing to say against. */
const fine = 10;

const known = parse(
  await readFile(new URL('policy-findings.yaml', import.meta.url), 'utf8'),
) as readonly KnownFinding[];

/** What kube-score finds, as `Kind: check: sentence`. */
async function findingsIn(manifests: string): Promise<readonly string[]> {
  const scored = JSON.parse(
    await runChecker(
      'kube-score',
      ['score', '--output-format=json', '--kubernetes-version=v1.35', '-'],
      manifests,
    ),
  ) as readonly Scored[];
  expect(scored.length).toBeGreaterThan(0);
  const found = scored.flatMap(({ type_meta: { kind }, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < fine)
      .flatMap(({ check, comments }) =>
        (comments ?? []).map(({ summary }) => `${kind}: ${check.id}: ${summary}`),
      ),
  );
  // A pod of two containers may have a finding twice.
  return [...new Set(found)].toSorted((a, b) => a.localeCompare(b));
}

const expectedIn = (place: string): readonly string[] =>
  known
    .filter((each) => each.in.includes(place))
    .map(({ finding }) => finding)
    .toSorted((a, b) => a.localeCompare(b));

async function chartWith(values: object): Promise<string> {
  const { stdout } = await template(values, { withTests: true });
  return stdout;
}

/** The Job of a worker with a GPU, in a namespace that looks after its network. */
async function workerJob(): Promise<string> {
  const job = accepted({ spec: { resources: { gpu: { count: 1 }, cpu: '4', memory: '8Gi' } } });
  const unit = { unit: 'prepare', stage: 'Prepare', index: 0, attemptNumber: 1 } as const;
  const rendered = renderJob({
    owner,
    accepted: job,
    specDigests: specDigests(job.compiled.spec),
    unit,
    retry: 0,
    revision: 1,
    onOneNode: false,
  });
  const path = new URL('../../helm/examples/worker-network-policy.yaml', import.meta.url);
  const policy = parse(await readFile(path, 'utf8')) as { metadata: object };
  const placed = { ...policy, metadata: { ...policy.metadata, namespace: owner.namespace } };
  return [{ apiVersion: 'batch/v1', kind: 'Job', ...rendered }, placed]
    .map((each) => stringify(each))
    .join('---\n');
}

const reason = (await whyNoCheckers()) ?? (await whyNoHelm());

describe.skipIf(cannotRun(checkersSuite, reason))('kube-score', () => {
  test.each([
    ['defaults', async () => await chartWith({})],
    ['everything', async () => await chartWith(everySwitch)],
    ['worker', workerJob],
  ] as const)('finds nothing that is not explained in policy-findings.yaml: %s', async (place, manifests) => {
    expect(await findingsIn(await manifests())).toEqual(expectedIn(place));
  });

  test('would find a container that may write to its disk', async () => {
    const found = await findingsIn(await chartWith({ securityContext: { readOnlyRootFilesystem: false } }));
    const finding =
      'container-security-context-readonlyrootfilesystem: The pod has a container with a writable root filesystem';
    expect(found.filter((each) => !expectedIn('defaults').includes(each))).toEqual([
      `Deployment: ${finding}`,
      `Pod: ${finding}`,
    ]);
  });
});
