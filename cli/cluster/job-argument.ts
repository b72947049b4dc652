/**
 * Whether `status` was given the manifest of a local run, and not the name of a job in a cluster. Decided by how it is
 * written, as shells tell a program's path from its name: what `status mnist` means must not change because somebody puts
 * a file of that name beside it. No job's name has a slash or a dot in it.
 */
export function isManifest(argument: string): boolean {
  return argument.includes('/') || argument.includes('\\') || /\.(ya?ml|json)$/i.test(argument);
}

/** For whoever meant the one and got the other. */
export const manifestHint =
  'For a run on this machine give its manifest: a path with a slash, or a name that ends in .yaml, .yml or .json.';
