/** Pages that a reader works through on one cluster, one after the other. */
export interface Sitting {
  /** Whether there is an operator to begin with; else the cluster is empty, and a page installs it. */
  readonly operator: boolean;
  /** From the root of the project. */
  readonly pages: readonly string[];
}

export const sittings: readonly Sitting[] = [
  { operator: false, pages: ['README.md'] },
  { operator: false, pages: ['docs/quick-start.md'] },
  { operator: false, pages: ['helm/blockstill/README.md'] },
  {
    operator: true,
    pages: [
      'docs/cluster.md',
      'docs/troubleshooting.md',
      'docs/results.md',
      'docs/choosing-blocks.md',
      'docs/storage.md',
      'docs/security.md',
    ],
  },
];

/** Pages whose commands another test runs, one by one, with assertions in between. */
export const readElsewhere: Readonly<Record<string, string>> = {
  'docs/install.md': 'test/cluster/chart.test.ts',
};
