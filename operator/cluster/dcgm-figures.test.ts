import { expect, it } from 'vitest';
import { dcgmFigures } from './dcgm-figures.ts';

const rest = 'device="nvidia0",modelName="NVIDIA A100",Hostname="node-a",DCGM_FI_DRIVER_VERSION="535.129.03"';
const energy = (uuid: string, value: number | string, more = ''): string =>
  `DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="${uuid}",${rest}${more}} ${value}`;
const power = (uuid: string, value: number | string): string =>
  `DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="${uuid}",${rest}} ${value}`;

function figures(...lines: readonly string[]) {
  return Object.fromEntries(dcgmFigures(lines.join('\n')));
}

it('are joules and watts by card', () => {
  const temperature = `DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-1",${rest}} 74`;
  expect(
    figures(power('GPU-1', 68.244), power('GPU-2', 55), temperature, energy('GPU-1', 15_152_422_938)),
  ).toEqual({
    'GPU-1': { model: 'NVIDIA A100', watts: 68.244, joules: 15_152_422.938 },
    'GPU-2': { model: 'NVIDIA A100', watts: 55 },
  });
});

it('count a card once that is in parts, or given to several pods', () => {
  const instance = (id: number): string => `,GPU_I_PROFILE="2g.20gb",GPU_I_ID="${id}"`;
  expect(figures(energy('GPU-1', 3000, instance(3)), energy('GPU-1', 3000, instance(5)))).toEqual({
    'GPU-1': { model: 'NVIDIA A100', joules: 3 },
  });
});

it('leave out what is blank', () => {
  expect(figures(energy('GPU-1', 9_223_372_036_854_775_794n.toString()), power('GPU-1', 60))).toEqual({
    'GPU-1': { model: 'NVIDIA A100', watts: 60 },
  });
  expect(() => figures(energy('GPU-1', '9.223372036854776e+18'), power('GPU-1', '9.22e18'))).toThrow(
    'it says of no GPU what it draws: all figures are blank',
  );
});

it('say why there are none', () => {
  expect(() => figures('<html><body>Sign in</body></html>')).toThrow(
    'it has neither DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION nor DCGM_FI_DEV_POWER_USAGE',
  );
  expect(() => figures('DCGM_FI_DEV_POWER_USAGE{gpu="0"} 60')).toThrow(
    'DCGM_FI_DEV_POWER_USAGE has no label UUID',
  );
  expect(() => figures('DCGM_FI_DEV_POWER_USAGE{gpu="0"')).toThrow('line 1 is no sample');
});
