import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Stage } from '../../worker/contract/primitives.ts';
import { kubeJobs, kubePods, type KubeJob } from './kube-objects.ts';
import { labels, stageOfLabel } from './names.ts';
import { failed, podStatus } from './testing/children.ts';
import { SmallWorld } from './testing/small-world.ts';

interface Child {
  readonly name: string;
  readonly unit: string;
  readonly at: {
    readonly stage: Stage;
    readonly index: number;
    readonly attempt: number;
  };
  readonly hasEnded: boolean;
}

function childOf({ metadata, status }: KubeJob): Child {
  const { labels: given = {}, name = '' } = metadata;
  const stage = stageOfLabel(given[labels.stage]) ?? 'Prepare';
  const [index, attempt] = [Number(given[labels.unit]), Number(given[labels.attempt])];
  const hasEnded = (status?.conditions ?? []).length > 0;
  return { name, unit: `${stage} ${index}`, at: { stage, index, attempt }, hasEnded };
}

/** A job to which anything may happen, and what must never be seen of it. */
class Walk {
  readonly world: SmallWorld;
  readonly #spec: Readonly<Record<string, unknown>>;
  /** Units that have committed: their workers would find that again, but as long as a Job says so, nobody asks. */
  readonly #committed = new Map<string, string>();
  /** What should not have been seen. */
  readonly wrong: string[] = [];

  constructor(spec: object) {
    this.#spec = { ...spec };
    this.world = new SmallWorld({ spec: this.#spec });
  }

  /** An edit of what may be edited. */
  edit(change: object): void {
    this.world.edit({ spec: { ...this.#spec, ...change } });
  }

  get children(): Child[] {
    return this.world.jobs.map(childOf);
  }

  get live(): Child[] {
    return this.children.filter(({ hasEnded }) => !hasEnded);
  }

  pick(choice: number): Child | undefined {
    return this.live[choice % Math.max(1, this.live.length)];
  }

  commit({ at, unit, name }: Child): void {
    this.world.commit(at.stage, at.index, at.attempt);
    this.#committed.set(unit, name);
  }

  fail({ at }: Child, exitCode: number): void {
    this.world.pod({ ...at, status: podStatus.ended(exitCode, { message: 'It broke.' }) });
    this.world.end(at, failed());
  }

  remove({ name }: Child): void {
    this.world.cluster.remove(kubeJobs, name);
  }

  /** Pods go some time after their Jobs. */
  collectGarbage(): void {
    const { cluster } = this.world;
    const uids = new Set(this.world.jobs.map(({ metadata }) => metadata.uid));
    for (const { metadata } of cluster.of(kubePods)) {
      const isOrphan = metadata.ownerReferences?.every(({ uid }) => !uids.has(uid)) === true;
      if (isOrphan) cluster.remove(kubePods, metadata.name ?? '');
    }
  }

  async look(): Promise<void> {
    const before = new Map(this.children.map((child) => [child.name, child]));
    // Whatever the API refused is tried again, as the work queue would.
    await this.world.reconcile().catch(() => undefined);
    const after = this.children;
    for (const unit of new Set(after.map((child) => child.unit))) {
      const own = after.filter((child) => child.unit === unit);
      const live = own.filter(({ hasEnded }) => !hasEnded);
      if (live.length > 1) this.wrong.push(`${unit} has ${live.map(({ name }) => name).join(' and ')}`);
    }
    for (const { name, unit } of after.filter((child) => !before.has(child.name))) {
      const proof = this.#committed.get(unit);
      if (proof !== undefined && before.has(proof)) this.wrong.push(`${name} repeats ${proof}`);
    }
  }
}

type Step = (walk: Walk, choice: number) => void | Promise<void>;

const steps: Readonly<Record<string, Step>> = {
  look: async (walk) => await walk.look(),
  lookAgain: async (walk) => await walk.look(),
  run: (walk, choice) => {
    const child = walk.pick(choice);
    if (child !== undefined) walk.world.pod({ ...child.at, status: podStatus.running() });
  },
  commit: (walk, choice) => {
    const child = walk.pick(choice);
    if (child !== undefined) walk.commit(child);
  },
  breakDown: (walk, choice) => {
    const child = walk.pick(choice);
    if (child !== undefined) walk.fail(child, 75);
  },
  somebodyDeletesAJob: (walk, choice) => {
    const child = walk.children[choice % Math.max(1, walk.children.length)];
    if (child !== undefined) walk.remove(child);
  },
  collectGarbage: (walk) => walk.collectGarbage(),
  restart: (walk) => walk.world.restartOperator(),
  emptyStatus: (walk) => walk.world.emptyStatus(),
  suspend: (walk) => walk.edit({ suspend: true }),
  resume: (walk) => walk.edit({}),
  freeze: (walk) => walk.world.freezeCache(),
  thaw: (walk) => walk.world.thawCache(),
  refuse: (walk, choice) => {
    const request = [/^create jobs/, /^status/, /^patch/, /^delete/, /^list/][choice % 5] ?? /^create/;
    walk.world.cluster.refuse(request, { httpStatus: 500, reason: 'InternalError' });
  },
  timePasses: async (walk) => await walk.world.clock.advance(400),
};

it.each([
  { of: 'a job', spec: {} },
  { of: 'a job that makes a serial run first', spec: { execution: { baseline: { mode: 'Measure' } } } },
])(
  '$of reaches its student whatever happens, with no two attempts at a time and nothing repeated that is proved',
  async ({ spec }) => {
    const walks = fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(20)), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(walks, async (path) => {
        const walk = new Walk(spec);
        for (const [name, choice] of path) await steps[name]?.(walk, choice);
        walk.world.thawCache();
        walk.edit({});
        for (let round = 0; round < 60 && walk.world.status.phase !== 'Complete'; round += 1) {
          walk.collectGarbage();
          await walk.look();
          for (const child of walk.live) walk.commit(child);
          await walk.world.clock.advance(400);
        }
        expect([walk.world.status.phase, ...walk.wrong]).toEqual(['Complete']);
      }),
      { numRuns: 100, seed: 6 },
    );
  },
);
