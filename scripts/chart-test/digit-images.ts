import { randomStream } from '../../common/random.ts';
import type { LabelledImages } from '../../examples/labelled-images.ts';

const size = 10;
/** Five by seven dots each, as on a departure board. */
const glyphs: readonly string[] = [
  '.###. #...# #..## #.#.# ##..# #...# .###.',
  '..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.',
  '.###. #...# ....# ...#. ..#.. .#... #####',
  '.###. #...# ....# ..##. ....# #...# .###.',
  '...#. ..##. .#.#. #..#. ##### ...#. ...#.',
  '##### #.... ####. ....# ....# #...# .###.',
  '.###. #.... #.... ####. #...# #...# .###.',
  '##### ....# ...#. ...#. ..#.. ..#.. ..#..',
  '.###. #...# #...# .###. #...# #...# .###.',
  '.###. #...# #...# .#### ....# ....# .###.',
];
/** Few levels and a black ground, so that the images take little room where they are compressed. */
const levels = [128, 170, 212, 255] as const;
const missingShare = 0.04;
const strayShare = 0.02;

/**
 * Images of the ten digits, each somewhere in a square of 10 pixels, with dots that are missing and dots that are too many.
 * Equal keys give equal images.
 */
export function digitImages(key: string, count: number): LabelledImages {
  const stream = randomStream('digits of the test of the chart', key);
  const pixels = new Uint8Array(count * size * size);
  const labels = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const label = index % glyphs.length;
    labels[index] = label;
    drawDigit(pixels.subarray(index * size * size, (index + 1) * size * size), label, stream);
  }
  return { height: size, width: size, pixels, labels };
}

function drawDigit(image: Uint8Array, digit: number, stream: ReturnType<typeof randomStream>): void {
  const rows = (glyphs[digit] ?? '').split(' ');
  const [left, top] = [stream.below(size - 5 + 1), stream.below(size - rows.length + 1)];
  const level = (): number => levels[stream.below(levels.length)] ?? 0;
  const ink = level();
  for (const [row, dots] of rows.entries()) {
    for (let column = 0; column < dots.length; column++) {
      if (dots[column] === '#' && stream.uniform() >= missingShare)
        image[(top + row) * size + left + column] = ink;
    }
  }
  for (let place = 0; place < image.length; place++) {
    if (stream.uniform() < strayShare) image[place] = level();
  }
}
