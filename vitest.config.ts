import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests on a real Kubernetes, and those that build images. */
const clusterTests = [
  'test/{api-server,cli,cluster}/**/*.test.ts',
  'test/{chaos,images,life}/*.test.ts',
  'test/docs/pages.test.ts',
];

export default defineConfig({
  test: {
    // TensorFlow is native and keeps process-wide state: one forked process a file, never threads.
    pool: 'forks',
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
    // Bits depend on the number of threads, so tests fix it.
    env: {
      TF_CPP_MIN_LOG_LEVEL: '3',
      TF_NUM_INTRAOP_THREADS: '1',
      TF_NUM_INTEROP_THREADS: '1',
      OMP_NUM_THREADS: '1',
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{common,crds,helm,operator,worker,cli,scripts,examples}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // Loading the same modules again for every file took half of the time. So no file may leave anything behind.
          isolate: false,
          unstubEnvs: true,
        },
      },
      {
        extends: true,
        test: {
          name: 'wide',
          include: ['test/**/*.test.ts'],
          exclude: clusterTests,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: clusterTests,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          // A Kubernetes fills a small machine: one at a time, after all other tests.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
