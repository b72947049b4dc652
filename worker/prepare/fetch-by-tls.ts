import { BlockstillError, InvalidInputError } from '../../common/error.ts';

/** As many as browsers follow is far more than any server of files needs. */
const mostRedirects = 5;

/**
 * Asks for an `https` URI, and follows redirects as long as they stay with `https`: on any other way somebody in between could
 * put something else in its place.
 *
 * @param field the field of the manifest that the URI belongs to, for messages
 * @throws BlockstillError `storage/download` when it can't be reached or is not there; InvalidInputError
 *   `storage/insecure-redirect`
 */
export async function fetchByTls(
  uri: string,
  { field, signal }: { readonly field: string; readonly signal: AbortSignal },
): Promise<Response> {
  let url = new URL(uri);
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await fetch(url, { signal, redirect: 'manual' }).catch((cause: unknown) => {
      throw new BlockstillError('storage/download', `"${uri}" can't be reached.`, { where: field, cause });
    });
    const location = response.headers.get('location');
    if (response.ok) return response;
    await response.body?.cancel();
    if (response.status < 300 || response.status >= 400 || location === null) {
      throw new BlockstillError('storage/download', `"${uri}" answered ${response.status}.`, {
        where: field,
      });
    }
    url = new URL(location, url);
    if (url.protocol !== 'https:') throw insecure(uri, { url, field });
  }
  throw new BlockstillError(
    'storage/download',
    `"${uri}" leads to more than ${mostRedirects} other places.`,
    {
      where: field,
    },
  );
}

function insecure(uri: string, { url, field }: { url: URL; field: string }): InvalidInputError {
  return new InvalidInputError(
    'storage/insecure-redirect',
    `"${uri}" leads to ${url.protocol}//${url.host}.`,
    {
      where: field,
      hint: 'Name a URI that stays with https.',
    },
  );
}
