/** The name under which the tests in a browser are skipped. */
export const browserSuite = 'The suite in a browser';
