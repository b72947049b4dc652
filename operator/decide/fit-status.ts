import { status as statusSchema, type DistillationJobStatus } from '../../crds/status.ts';

/** A member may be there only because of another one that has to go, too. */
const mostRounds = 20;

/**
 * A status as the resource can hold it. Figures and texts come from workers: one that the schema refuses is left out, since
 * otherwise the API server would refuse the whole, and with it everything that follows.
 */
export function fitStatus(status: DistillationJobStatus): DistillationJobStatus {
  if (statusSchema.safeParse(status).success) return status;
  const fitted = structuredClone(status);
  for (let round = 0; round < mostRounds; round += 1) {
    const { error } = statusSchema.safeParse(fitted);
    if (error === undefined) return fitted;
    // From the end, so that the places of what comes before stay.
    for (const { path } of error.issues.toReversed()) remove(fitted, path);
  }
  const { observedGeneration, phase, conditions } = status;
  return { observedGeneration, phase, conditions };
}

/** Removes a member; where it is missing already, what can't do without it. */
function remove(root: object, path: readonly PropertyKey[]): void {
  const parents: unknown[] = [root];
  for (const key of path.slice(0, -1))
    parents.push((parents.at(-1) as Record<PropertyKey, unknown> | undefined)?.[key]);
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    const [parent, key] = [parents[depth], path[depth]];
    if (typeof parent !== 'object' || parent === null || key === undefined) continue;
    if (!Object.hasOwn(parent, key)) continue;
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete (parent as Record<PropertyKey, unknown>)[key];
    return;
  }
}
