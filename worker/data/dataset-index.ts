import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOfBytes } from '../../common/digest.ts';
import type { Digest } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';

export const indexFileName = 'index.json';

const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)]);
const fileName = z.string().regex(/^[a-z0-9-]+\.bin$/);
const size = z.int().positive();

const splitIndex = z.strictObject({
  count: size,
  /** Records one after the other, `recordBytes` each, `[height, width, channels]`, little-endian. */
  shards: z.array(z.strictObject({ file: fileName, records: size, bytes: size, digest })),
  /** One little-endian int32 a record; null when the source has no labels. */
  labels: z.strictObject({ file: fileName, digest }).nullable(),
});

/** A part that the data set does not have, and why. */
const absentSplit = z.strictObject({ reason: z.string() });

const datasetIndex = z.strictObject({
  version: z.literal(1),
  image: z.strictObject({ height: size, width: size, channels: size }),
  dtype: z.enum(['uint8', 'float32']),
  recordBytes: size,
  /** null for a teacher that does not classify. */
  classes: size.nullable(),
  classNames: z.array(z.string()).nullable(),
  splits: z.strictObject({
    train: splitIndex,
    validation: splitIndex,
    test: z.union([splitIndex, absentSplit]),
  }),
});

/** The table of contents of a materialised data set; its digest names the whole content. */
export type DatasetIndex = z.infer<typeof datasetIndex>;
export type SplitIndex = z.infer<typeof splitIndex>;

/** The index's text; equal indexes have equal text. */
export function formatIndex(index: DatasetIndex): string {
  return `${JSON.stringify(index, undefined, 2)}\n`;
}

/**
 * Reads and checks the index of a materialised data set.
 *
 * @throws BlockstillError `data/index` when there is none or it is not one of this version.
 */
export async function readIndex(folder: string): Promise<{ index: DatasetIndex; digest: Digest }> {
  const path = join(folder, indexFileName);
  try {
    const text = await readFile(path, 'utf8');
    const index = datasetIndex.parse(JSON.parse(text));
    for (const split of Object.values(index.splits))
      if ('count' in split) checkCounts(split, index.recordBytes);
    return { index, digest: digestOfBytes(text) };
  } catch (error) {
    throw new BlockstillError('data/index', 'The index of the materialised data set is missing or invalid.', {
      where: path,
      hint: 'Delete the folder and run the job again: prepare writes it anew.',
      cause: error,
    });
  }
}

function checkCounts({ count, shards }: SplitIndex, recordBytes: number): void {
  const records = shards.reduce((sum, shard) => sum + shard.records, 0);
  const perShard = shards[0]?.records ?? 0;
  const uneven =
    shards.slice(0, -1).some((shard) => shard.records !== perShard) ||
    (shards.at(-1)?.records ?? 0) > perShard;
  if (records !== count || uneven || shards.some((shard) => shard.bytes !== shard.records * recordBytes)) {
    throw new Error('The counts of the shards do not add up.');
  }
}
