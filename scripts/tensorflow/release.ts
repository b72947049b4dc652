import type { Digest } from '../../common/digest.ts';

/** `gpu` is the CUDA build. It needs CUDA libraries on the machine to use a GPU, and runs on the CPU without them. */
export type Flavour = 'cpu' | 'gpu';

/** A wheel on the Python package index out of which the C library is taken. */
export interface Release {
  readonly distribution: string;
  readonly version: string;
  readonly wheel: Digest;
  readonly wheelBytes: number;
}

// The last releases of libtensorflow are published only inside these wheels. The C library in them is the same for
// every Python version, so one tag is pinned and no Python of that version is needed.
export const pythonVersion = '3.11';

export const releases: Readonly<Record<Flavour, Release>> = {
  cpu: {
    distribution: 'tensorflow-cpu',
    version: '2.20.0',
    wheel: 'sha256:cf756bbe2d256e942ab5d0ad2c858fb40017581494febdb4387c149b1afde780',
    wheelBytes: 258_876_263,
  },
  gpu: {
    distribution: 'tensorflow',
    version: '2.20.0',
    wheel: 'sha256:481499fd0f824583de8945be61d5e827898cdaa4f5ea1bc2cc28ca2ccff8229e',
    wheelBytes: 620_570_129,
  },
};

export function parseFlavour(text: string): Flavour | undefined {
  return text === 'cpu' || text === 'gpu' ? text : undefined;
}
