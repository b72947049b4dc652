/**
 * Names without the end that all of them share, from a separator on: `conv2_block1` for `conv2_block1_2_conv` where every
 * name ends in `_2_conv`. What is left still tells them apart.
 */
export function shortNames(names: readonly string[]): ReadonlyMap<string, string> {
  const ending = names.length < 2 ? '' : commonEnding(names);
  return new Map(names.map((name) => [name, name.slice(0, name.length - ending.length)]));
}

function commonEnding([first = '', ...others]: readonly string[]): string {
  for (let start = 1; start < first.length; start++) {
    const ending = first.slice(start);
    if (!/^[_./-]/.test(ending)) continue;
    if (others.every((name) => name.length > ending.length && name.endsWith(ending))) return ending;
  }
  return '';
}

/** The end tells layers apart as well as the start, so that the middle goes. */
export function shortened(name: string, letters: number): string {
  if (name.length <= letters) return name;
  const half = Math.floor((letters - 1) / 2);
  return `${name.slice(0, half)}\u2026${name.slice(-half)}`;
}
