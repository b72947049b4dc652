import type { BlockStatus } from '../../../crds/status.ts';
import type { AuditInput, Violation } from './audit.ts';
import type { JobRecord } from './history.ts';
import { holds, replay } from './world.ts';

/** Results that were committed and then not used, or that the status has forgotten. */
export function findLostResults(input: AuditInput): Violation[] {
  return [...findUnusedResults(input), ...findForgottenBlocks(input)];
}

/** The finetune Job behind each Complete must have been told every committed unit; its own end may be seen later. */
function findUnusedResults({ history, ledger }: AuditInput): Violation[] {
  const finetunes = new Map<string, JobRecord>();
  const complete = new Map<string, { name: string; revision: number }>();
  replay(history.events, ({ object, revision }) => {
    if (object.kind === 'Job' && object.stage === 'finetune') {
      const known = finetunes.get(object.jobUid);
      if (known?.finished !== 'Complete' || object.finished === 'Complete')
        finetunes.set(object.jobUid, object);
    }
    if (object.kind === 'DistillationJob' && holds(object, 'Complete') && !complete.has(object.uid))
      complete.set(object.uid, { name: object.name, revision });
  });
  return [...complete].flatMap(([jobUid, { name, revision }]) => {
    const job = finetunes.get(jobUid);
    const here = `DistillationJob ${name} is Complete (resourceVersion ${revision})`;
    if (job === undefined) return [{ rule: 'lost-result', sentence: `${here} without a finetune Job.` }];
    const told = new Set(job.results.map(({ digest }) => digest));
    return ledger.flatMap((run) => {
      const isUnit = run.jobUid === jobUid && run.message?.stage === 'Distill';
      const reference = run.message?.reference;
      if (!isUnit || reference === undefined || told.has(reference.digest)) return [];
      // Two pods of one Job may both commit; one of the results is enough.
      const twin = ledger.some(({ work, message }) => {
        return work === run.work && message !== undefined && told.has(message.reference.digest);
      });
      const sentence = `${here}, but Job ${job.name} was not told ${reference.path}, committed for ${run.unit}.`;
      return twin ? [] : [{ rule: 'lost-result', sentence }];
    });
  });
}

/** A block that was Distilled stays so. A status without conditions is nobody's but who empties it by hand. */
function findForgottenBlocks({ history }: AuditInput): Violation[] {
  const violations: Violation[] = [];
  replay(history.events, ({ object, revision, type }, _world, before) => {
    if (type !== 'MODIFIED' || object.kind !== 'DistillationJob' || before?.kind !== 'DistillationJob')
      return;
    if (object.status.conditions === undefined) return;
    const now = new Map<string, BlockStatus['state']>();
    for (const block of object.status.blocks ?? []) now.set(block.name, block.state);
    for (const block of before.status.blocks ?? []) {
      const state = now.get(block.name);
      if (block.state !== 'Distilled' || state === 'Distilled') continue;
      const sentence = `Block ${block.name} of DistillationJob ${object.name} was Distilled and is ${state ?? 'not listed'} at resourceVersion ${revision}.`;
      violations.push({ rule: 'lost-result', sentence });
    }
  });
  return violations;
}
