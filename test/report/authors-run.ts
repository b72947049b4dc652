/**
 * Seconds of each block of ResNet50 on CIFAR-10, 16 epochs, and the GPU (0 to 3) of one server that trained it, round
 * robin, as the authors of parallel blockwise distillation measured them: Blakeney, Li, Yan, Zong (arXiv 2012.03096),
 * `timing_info/` of https://github.com/codestar12/Parallel-Independent-Blockwise-Distillation at 6a529b5. On one GPU the
 * same blocks took `serialSeconds`.
 */
export const authorsRun = {
  serialSeconds: 5201.265,
  /**
   * Mean watts while blocks were trained, from their power logs of the same runs: of each card while it had a block, and
   * of the one CPU package. Of the serial run: of the card in use, of the other three, and of the CPU package.
   */
  watts: { gpus: [116.1, 108.8, 136.0, 125.1], cpu: 137.5 },
  serialWatts: { gpu: 127.6, idleGpus: [18.5, 3.7, 23.8], cpu: 55.4 },
  blocks: [
    ['conv2_block1_2_conv', 0, 331.807],
    ['conv2_block2_2_conv', 1, 335.028],
    ['conv2_block3_2_conv', 2, 348.385],
    ['conv3_block1_2_conv', 3, 331.392],
    ['conv3_block2_2_conv', 0, 351.213],
    ['conv3_block3_2_conv', 1, 361.088],
    ['conv3_block4_2_conv', 2, 368.841],
    ['conv4_block1_2_conv', 3, 355.406],
    ['conv4_block2_2_conv', 0, 374.016],
    ['conv4_block3_2_conv', 1, 372.347],
    ['conv4_block4_2_conv', 2, 378.639],
    ['conv4_block5_2_conv', 3, 380.302],
    ['conv4_block6_2_conv', 0, 390.674],
    ['conv5_block1_2_conv', 1, 392.724],
    ['conv5_block2_2_conv', 2, 394.093],
    ['conv5_block3_2_conv', 3, 404.664],
  ],
} as const satisfies {
  serialSeconds: number;
  watts: { gpus: readonly number[]; cpu: number };
  serialWatts: { gpu: number; idleGpus: readonly number[]; cpu: number };
  blocks: readonly (readonly [name: string, gpu: number, seconds: number])[];
};
