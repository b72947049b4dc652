/**
 * Seconds that each block took on one GPU, as the authors of parallel blockwise distillation measured them: Blakeney, Li,
 * Yan, Zong (arXiv 2012.03096), `timing_info/` of
 * https://github.com/codestar12/Parallel-Independent-Blockwise-Distillation at 6a529b5.
 */
export const measuredBlocks = {
  /** ResNet50, CIFAR-10, 16 epochs. */
  resNet50: {
    conv2_block1_2_conv: 324.898,
    conv2_block2_2_conv: 320.912,
    conv2_block3_2_conv: 325.47,
    conv3_block1_2_conv: 316.738,
    conv3_block2_2_conv: 315.372,
    conv3_block3_2_conv: 313.666,
    conv3_block4_2_conv: 311.998,
    conv4_block1_2_conv: 322.735,
    conv4_block2_2_conv: 317.513,
    conv4_block3_2_conv: 328.902,
    conv4_block4_2_conv: 339.15,
    conv4_block5_2_conv: 325.173,
    conv4_block6_2_conv: 331.321,
    conv5_block1_2_conv: 340.955,
    conv5_block2_2_conv: 333.261,
    conv5_block3_2_conv: 333.189,
  },
  /** VGG16, CIFAR-10 at 32 x 32 pixels. */
  vgg16: {
    block1_conv1: 393.979,
    block1_conv2: 649.666,
    block2_conv1: 307.605,
    block2_conv2: 398.694,
    block3_conv1: 241.988,
    block3_conv2: 256.383,
    block3_conv3: 252.185,
    block4_conv1: 232.623,
    block4_conv2: 234.556,
    block4_conv3: 244.167,
    block5_conv1: 233.823,
    block5_conv2: 240.424,
    block5_conv3: 234.429,
  },
} as const satisfies Record<string, Readonly<Record<string, number>>>;
