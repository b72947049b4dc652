import nock from 'nock';
import { afterEach, beforeEach } from 'vitest';

/**
 * Answers HTTP requests in the tests of a file. Strict both ways: a request that no test expected does not go out, and an
 * answer that nothing asked for fails the test.
 */
export function useHttpMock(): typeof nock {
  beforeEach(() => {
    nock.disableNetConnect();
  });
  afterEach(() => {
    const unused = nock.pendingMocks();
    nock.cleanAll();
    nock.enableNetConnect();
    if (unused.length > 0) throw new Error(`nothing asked for ${unused.join(', ')}`);
  });
  return nock;
}
