/** A unit of work as far as its time is known. */
export interface Part {
  /** Seconds from prepare's measurements, without start-up. */
  readonly predicted: number;
  /** Share that is done, 0 to 1. */
  readonly fraction: number;
  /** Seconds that it takes in all, by what is seen of it: measured when it is done, its worker's estimate while it runs. */
  readonly seen: number | undefined;
  /** Its process has yet to start. */
  readonly waiting: boolean;
}

export interface Work {
  /** Has to end before the parts begin. */
  readonly first?: Part | undefined;
  /** Independent of each other. */
  readonly parts: readonly Part[];
  /** Begins when all of them have ended. */
  readonly last: Part;
  /** Seconds between the start of a unit's process and its work. */
  readonly startUp: number;
}

/** Share of the whole job after which the predictions themselves count no more, only the pace at which the job went. */
const settledShare = 0.05;
/** Share of a part after which its own worker's estimate is believed alone. */
const trustedShare = 0.1;

/**
 * Seconds until the end: first what all parts wait for; the longest part, or all parts shared out evenly over `places`,
 * whichever takes longer; then the last.
 *
 * It follows the prediction, then the pace of the whole job, then each part's own, and moves from one to the next with
 * what is done: a stage that begins brings no new figure all at once.
 */
export function secondsLeft({ first, parts, last, startUp }: Work, places: number): number {
  const before = first === undefined ? [] : [first];
  const pace = paceOf([...before, ...parts, last]);
  const leftOf = (part: Part): number => partLeft(part, pace) + (part.waiting ? startUp : 0);
  const left = parts.map(leftOf);
  const sum = left.reduce((total, each) => total + each, 0);
  const parallel = Math.max(0, ...left, sum / Math.max(1, Math.min(places, parts.length)));
  return [...before, last].reduce((total, part) => total + leftOf(part), parallel);
}

function partLeft({ predicted, fraction, seen }: Part, pace: number): number {
  const share = 1 - fraction;
  if (seen === undefined) return predicted * pace * share;
  if (predicted === 0) return seen * share;
  const trust = Math.min(1, fraction / trustedShare);
  return (predicted * pace * (1 - trust) + seen * trust) * share;
}

/** Seen over predicted time, each part by as much of it as is done; close to 1 as long as that is little of the job. */
function paceOf(parts: readonly Part[]): number {
  const total = parts.reduce((sum, { predicted }) => sum + predicted, 0);
  let done = 0;
  let seconds = 0;
  for (const { predicted, fraction, seen } of parts) {
    if (seen === undefined || predicted === 0) continue;
    done += predicted * fraction;
    seconds += seen * fraction;
  }
  const settled = total * settledShare;
  const missing = Math.max(0, settled - done);
  return done + missing === 0 ? 1 : (seconds + missing) / (done + missing);
}
