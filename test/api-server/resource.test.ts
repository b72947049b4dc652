import { describe, expect, test } from 'vitest';
import { compileJob } from '../../crds/compile-job.ts';
import { distillationJob, type DistillationJob } from '../../crds/distillation-job.ts';
import { structuralSchema } from '../../crds/json-schema.ts';
import { manifestWith, minimalManifest } from '../../crds/test-manifests.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { crdFile } from '../cluster/definition.ts';
import { isRefusal, useApiServer, type Answer } from './use-api-server.ts';

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))(
  'the API server keeps DistillationJobs',
  () => {
    const server = useApiServer();

    async function createJob(name: string): Promise<Answer> {
      const answer = await server().create(manifestWith({ 'metadata.name': name }));
      if (isRefusal(answer)) throw new Error(JSON.stringify(answer));
      return answer;
    }

    async function patchStatus(name: string, status: object): Promise<void> {
      await server().kubectl([
        'patch',
        'distill',
        name,
        '--subresource=status',
        '--type=merge',
        '-p',
        JSON.stringify({ status }),
      ]);
    }

    test('the definition is structural, and nothing else is wrong with it', async () => {
      const definition = JSON.parse(
        await server().kubectl(['get', 'crd', 'distillationjobs.blockstill.dev', '-o', 'json']),
      ) as { status: { conditions: { type: string; status: string }[] } };
      const conditions = definition.status.conditions.map(({ type, status }) => [type, status]);
      expect(Object.fromEntries(conditions)).toEqual({ NamesAccepted: 'True', Established: 'True' });
    });

    test('the definition fits into the annotation of a client-side apply', async () => {
      const said = await server().kubectl(['apply', '-f', crdFile, '--dry-run=server']);
      expect(said).toContain('distillationjobs.blockstill.dev');
    });

    test('the server fills in the defaults that a local run uses', async () => {
      const answer = await createJob('defaults');
      const manifest = manifestWith({ 'metadata.name': 'defaults' }) as DistillationJob;
      expect(answer.spec).toEqual(distillationJob.parse(manifest).spec);
      const { metadata, spec } = answer;
      expect(compileJob({ ...minimalManifest(), metadata, spec } as unknown as DistillationJob)).toEqual({
        ...compileJob(manifest),
        namespace: server().namespace,
      });
    });

    test('a new job has a status that no tool takes for finished', async () => {
      expect((await createJob('new')).status).toEqual({ observedGeneration: -1 });
    });

    test('a status that comes with the manifest is not taken', async () => {
      const manifest = manifestWith({ 'metadata.name': 'no-status', status: { phase: 'Complete' } });
      expect(((await server().create(manifest)) as Answer).status).toEqual({ observedGeneration: -1 });
    });

    test('an unknown field is refused by a strict client and told of by name', async () => {
      const manifest = JSON.stringify(manifestWith({ 'metadata.name': 'typo', 'spec.distill.epoch': 3 }));
      const apply = server().kubectl(['apply', '--dry-run=server', '-f', '-'], manifest);
      await expect(apply).rejects.toThrow('unknown field "spec.distill.epoch"');
    });

    test('applying again changes nothing', async () => {
      const manifest = JSON.stringify(manifestWith({ 'metadata.name': 'again' }));
      const apply = ['apply', '--server-side', '-o', 'jsonpath={.metadata.resourceVersion}', '-f', '-'];
      await server().kubectl(apply, manifest);
      // The server stores the default of a status, which it has shown all along, at the first write of any kind.
      await patchStatus('again', { observedGeneration: 1 });
      const version = ['get', 'distill/again', '-o', 'jsonpath={.metadata.resourceVersion}'];
      const before = await server().kubectl(version);
      expect(await server().kubectl(apply, manifest)).toBe(before);
      expect(await server().kubectl(['apply', '-f', '-'], manifest)).toContain('again');
      const { metadata } = JSON.parse(
        await server().kubectl(['get', 'distill/again', '-o', 'json']),
      ) as Answer;
      expect(metadata.generation).toBe(1);
    });

    test('kubectl get shows the columns, by the short name', async () => {
      await createJob('columns');
      await patchStatus('columns', {
        phase: 'Distilling',
        summary: {
          blocks: '7/13',
          speedup: '3.1x est.',
          energy: '0.41 kWh',
          accuracy: '98.0%',
          saving: '17%',
          gpuSeconds: '5120',
        },
        conditions: [
          {
            type: 'Ready',
            status: 'Unknown',
            reason: 'Distilling',
            message: '6 blocks left',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
      });
      const narrow = (await server().kubectl(['get', 'distill', 'columns'])).split('\n');
      expect(narrow[0]?.trim().split(/ {2,}/)).toEqual(
        'NAME PHASE BLOCKS SPEEDUP ENERGY ACCURACY AGE'.split(' '),
      );
      expect(narrow[1]?.split(/ {2,}/).slice(0, -1)).toEqual([
        'columns',
        'Distilling',
        '7/13',
        '3.1x est.',
        '0.41 kWh',
        '98.0%',
      ]);
      const wide = await server().kubectl([
        'get',
        'distillationjob',
        'columns',
        '-o',
        'wide',
        '--no-headers',
      ]);
      expect(wide.trim().split(/ {2,}/).slice(-3)).toEqual(['17%', '5120', '6 blocks left']);
      expect(await server().kubectl(['get', 'all', '-o', 'name'])).toContain(
        'distillationjob.blockstill.dev/columns',
      );
    });

    test('kubectl wait sees the end of a job, once the status speaks of its present generation', async () => {
      await createJob('wait');
      const wait = server().kubectl(['wait', '--for=condition=Finished', 'distill/wait', '--timeout=60s']);
      await patchStatus('wait', {
        observedGeneration: 1,
        conditions: [
          {
            type: 'Finished',
            status: 'True',
            reason: 'Complete',
            message: 'Done.',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
      });
      expect(await wait).toContain('wait condition met');
    });

    test.each(['spec', 'status'])('kubectl explain has a sentence on every field of %s', async (part) => {
      const explained = await server().kubectl(['explain', `distill.${part}`]);
      const fields = Object.keys(structuralSchema().properties?.[part]?.properties ?? {});
      expect(fields.length).toBeGreaterThan(5);
      // A field is a line `  name <type>`; its description follows, indented further.
      const missing = fields.filter(
        (name) => !new RegExp(`^ {2}${name}\\t<.*\\n(?: {2}enum:.*\\n)? {4}\\S`, 'm').test(explained),
      );
      expect(missing).toEqual([]);
    });
  },
);
