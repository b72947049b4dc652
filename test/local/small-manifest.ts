/** A manifest beside the teacher and the data of a `SmallJob`, with as much training as its blocks need to learn. */
export function smallManifest(name: string, execution: object): object {
  return {
    apiVersion: 'blockstill.dev/v1alpha1',
    kind: 'DistillationJob',
    metadata: { name },
    spec: {
      teacher: { uri: './teacher' },
      dataset: {
        format: 'NPZ',
        train: { uri: './data.npz' },
        validation: { fraction: 0.2 },
        test: { fraction: 0.1 },
        preprocessing: { rescale: 1 / 255, resize: 'Nearest' },
      },
      distill: {
        epochs: 8,
        batchSize: 8,
        learningRate: { initial: 0.02, schedule: 'Constant', warmupSteps: 0 },
      },
      finetune: { epochs: 1, batchSize: 16 },
      stitch: { maxScoreDrop: 1 },
      acceptance: { maxAccuracyDrop: 1 },
      output: { uri: `./student-${name}` },
      execution: {
        device: 'CPU',
        seed: 7,
        threads: { prepare: 1, distill: 1, finetune: 1 },
        ...execution,
      },
    },
  };
}
