import type { Accuracy } from '../contract/primitives.ts';

export interface SelectionCandidate {
  readonly name: string;
  /** The teacher with this one block swapped. */
  readonly score: Accuracy | null;
  /** Why there is nothing to stitch. */
  readonly missing?: string | undefined;
}

export interface SelectionRules {
  /** The most that one block may cost, as a share. */
  readonly maxScoreDrop: number;
  /** The most that all blocks together may cost before any fine-tuning; undefined: not watched. */
  readonly maxStitchedDrop?: number | undefined;
}

export interface Selection {
  readonly name: string;
  readonly replaced: boolean;
  readonly reason?: string | undefined;
  /** Teacher's figure minus the score; null when either is unknown. */
  readonly scoreDrop: number | null;
}

/**
 * Chooses the blocks that go into the student: those whose own drop is small enough, best first, as long as the stitched
 * drop stays small enough where that is watched. A block whose score is unknown stays the teacher's.
 *
 * @param stitchedDrop measures the drop with the named blocks swapped together
 */
export async function selectBlocks(
  candidates: readonly SelectionCandidate[],
  teacher: Accuracy | null,
  options: SelectionRules & { stitchedDrop: (names: readonly string[]) => Promise<number> },
): Promise<readonly Selection[]> {
  const judged = candidates.map((candidate) => ({
    ...judge(candidate, teacher, options),
    name: candidate.name,
  }));
  const eligible = judged
    .filter((each) => each.replaced)
    .sort((a, b) => (a.scoreDrop ?? 0) - (b.scoreDrop ?? 0) || (a.name < b.name ? -1 : 1));
  if (options.maxStitchedDrop === undefined) return judged;
  const taken: string[] = [];
  const refused = new Map<string, string>();
  for (const { name } of eligible) {
    const drop = await options.stitchedDrop([...taken, name]);
    if (drop <= options.maxStitchedDrop) taken.push(name);
    else
      refused.set(
        name,
        `With it the stitched model would drop by ${percent(drop)}, more than ${percent(options.maxStitchedDrop)}.`,
      );
  }
  return judged.map((each) =>
    refused.has(each.name) ? { ...each, replaced: false, reason: refused.get(each.name) } : each,
  );
}

function judge(
  candidate: SelectionCandidate,
  teacher: Accuracy | null,
  rules: SelectionRules,
): Omit<Selection, 'name'> {
  const { missing, score } = candidate;
  if (missing !== undefined) return { replaced: false, reason: missing, scoreDrop: null };
  if (score === null) return { replaced: false, reason: 'Its score is unknown.', scoreDrop: null };
  // Agreement and imitation compare with the teacher itself, which agrees with itself.
  const reference = score.measure === 'Top1' ? teacher?.value : 1;
  if (reference === undefined)
    return { replaced: false, reason: "The teacher's accuracy is unknown.", scoreDrop: null };
  const scoreDrop = reference - score.value;
  if (scoreDrop <= rules.maxScoreDrop) return { replaced: true, scoreDrop };
  return {
    replaced: false,
    reason: `Swapped in alone it drops by ${percent(scoreDrop)}, more than ${percent(rules.maxScoreDrop)}.`,
    scoreDrop,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} points`;
}
