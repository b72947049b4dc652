import { readPrepared, verifyResult } from '../../operator/local/verify-result.ts';
import { readAttempts } from '../../operator/local/attempts-on-disk.ts';
import type { AttemptRecord } from '../../operator/local/attempt-record.ts';
import type { LocalJob } from '../../operator/local/local-job.ts';
import { readSuspensions } from '../../operator/local/suspensions.ts';
import { writtenUnits } from '../../operator/local/units-file.ts';
import { specDigestOf } from '../../worker/contract/job-spec.ts';
import type { UnitResult } from '../../worker/contract/unit-result.ts';
import type { AttemptFacts, ReportDetails } from './report-input.ts';

/** What lies in the folder of a job on this machine. Only reads: a run may be active. */
export async function readLocalDetails(job: LocalJob): Promise<ReportDetails> {
  const records = (await readAttempts(job.folder)).filter(
    ({ stage, specDigest }) => specDigest === specDigestOf(job.specDigests, stage),
  );
  const committed = await Promise.all(records.map((record) => committedResult(job, record)));
  const results = committed.flatMap((result) => result ?? []);
  const finetune = results.find((result) => result.stage === 'Finetune');
  const prepares = results.filter((result) => result.stage === 'Prepare');
  // A lost plan is made again, and may differ: then the one that the student was made by counts.
  const prepare = prepares.find(({ plan }) => plan.digest === finetune?.planDigest) ?? prepares[0];
  const ofPlan = (result: { planDigest: string }): boolean => result.planDigest === prepare?.plan.digest;
  const baseline = results.filter((result) => result.stage === 'Baseline').find(ofPlan);
  const distill = results.filter((result) => result.stage === 'Distill').filter(ofPlan);
  const documents =
    prepare === undefined
      ? undefined
      : await readPrepared(job.folder, { unit: prepare.unit, id: prepare.attempt }, prepare);
  return {
    spec: job.compiled.spec,
    plan: documents?.plan,
    profile: documents?.profile,
    units: documents === undefined ? undefined : await writtenUnits(job.folder, documents),
    prepare,
    baseline,
    distill: firstOfEachUnit(distill),
    finetune: finetune !== undefined && ofPlan(finetune) ? finetune : undefined,
    attempts: records.map(attemptFacts),
    suspensions: await readSuspensions(job.folder),
  };
}

async function committedResult(job: LocalJob, record: AttemptRecord): Promise<UnitResult | undefined> {
  const verification = await verifyResult({
    exchange: job.folder,
    jobUid: job.uid,
    specDigest: record.specDigest,
    stage: record.stage,
    unit: record.unit,
    attempt: record.id,
    depth: 'Documents',
  });
  return verification.kind === 'Valid' ? verification.result.value : undefined;
}

/** In the order of the units, which is that of the network. */
function firstOfEachUnit<Result extends { readonly unit: string }>(results: readonly Result[]): Result[] {
  const first = new Map(results.toReversed().map((result) => [result.unit, result]));
  return [...first.values()].toSorted((a, b) => a.unit.localeCompare(b.unit, 'en', { numeric: true }));
}

function attemptFacts({ unit, stage, id, number, device, startTime, end }: AttemptRecord): AttemptFacts {
  return {
    unit,
    stage,
    id,
    number,
    device,
    startTime: new Date(startTime),
    endTime: end === undefined ? undefined : new Date(end.time),
    message: end?.message,
  };
}
