import { describe, expect, test } from 'vitest';
import { ruleCases } from '../../crds/rules/rule-cases.ts';
import { manifestWith } from '../../crds/test-manifests.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { isRefusal, useApiServer, type Refusal } from './use-api-server.ts';

/** `spec.pod.volumes.0` as the API server writes it. */
function fieldOf(path: string): string {
  // Rules on metadata stand at the root, for which the server has no name.
  if (path === 'metadata.name') return '<nil>';
  return path.replaceAll(/\.(\d+)/g, '[$1]');
}

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))(
  'the API server judges by the rules of the API',
  () => {
    const server = useApiServer();

    test.each(ruleCases)('$rule: $says', async ({ says, at, breaks, keeps }) => {
      const refusal = (await server().create(manifestWith(breaks), { dryRun: true })) as Refusal;
      expect(refusal.code).toBe(422);
      expect(refusal.causes).toEqual([
        expect.objectContaining({ field: fieldOf(at), message: expect.stringContaining(says) as unknown }),
      ]);
      const answer = await server().create(manifestWith(keeps), { dryRun: true });
      expect(isRefusal(answer), JSON.stringify(answer)).toBe(false);
    });
  },
);
