export interface Visit {
  /** From the root of the project. */
  readonly page: string;
  /** Whether the page begins with an operator in the cluster; else it installs one, and the cluster is empty. */
  readonly operator: boolean;
}

/** Pages whose commands another test runs, one by one, with assertions in between. */
export const readElsewhere: Readonly<Record<string, string>> = {
  'docs/install.md': 'test/cluster/chart.test.ts',
};

/** In which order a reader of the documentation runs the commands of its pages, on one cluster. */
export const visits: readonly Visit[] = [
  { page: 'README.md', operator: false },
  { page: 'docs/quick-start.md', operator: false },
  { page: 'helm/blockstill/README.md', operator: false },
  { page: 'docs/cluster.md', operator: true },
  { page: 'docs/troubleshooting.md', operator: true },
  { page: 'docs/results.md', operator: true },
  { page: 'docs/choosing-blocks.md', operator: true },
  { page: 'docs/storage.md', operator: true },
  { page: 'docs/security.md', operator: true },
];
