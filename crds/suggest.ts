/**
 * The name that was most likely meant, or undefined: equal but for case, `_` and `-`; its initials (`lr`); or within a
 * third of its length in edits.
 */
export function closest(given: string, allowed: readonly string[]): string | undefined {
  const plain = simplify(given);
  const same = allowed.find((name) => simplify(name) === plain || initials(name) === plain);
  if (same !== undefined) return same;
  let best: string | undefined;
  let bestDistance = Math.floor(Math.max(plain.length, 3) / 3) + 1;
  for (const name of allowed) {
    const distance = editDistance(plain, simplify(name));
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

function simplify(name: string): string {
  return name.toLowerCase().replace(/[_\- ]/g, '');
}

/** `learningRate`: `lr` */
function initials(name: string): string | undefined {
  const letters = [name.charAt(0), ...(name.slice(1).match(/[A-Z]/g) ?? [])];
  return letters.length < 2 ? undefined : letters.join('').toLowerCase();
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row++) {
    const above = rows[row - 1]!;
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, rows[row - 2]![column - 2]! + 1);
      current.push(cost);
    }
    rows.push(current);
  }
  return rows[from.length]![to.length]!;
}
