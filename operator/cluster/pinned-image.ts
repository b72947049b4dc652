/**
 * The image by the digest that a node ran, so that a tag that moves in the middle of a job changes nothing; as it was
 * given where the node knows it by another name.
 */
export function pinnedImage(image: string, imageId: string | undefined): string | undefined {
  const match = /^(?:docker-pullable:\/\/)?([^@]+)@(sha256:[0-9a-f]{64})$/.exec(imageId ?? '');
  if (match === null || image.includes('@')) return undefined;
  const [, repository = '', digest = ''] = match;
  return fullRepository(image) === repository ? `${repository}@${digest}` : undefined;
}

/** The repository of an image without its tag, with what is left out of short names. */
function fullRepository(image: string): string {
  const repository = image.replace(/:[^/:]+$/, '');
  const [first = '', ...rest] = repository.split('/');
  const hasHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
  if (hasHost) return repository;
  return `docker.io/${rest.length === 0 ? `library/${repository}` : repository}`;
}
