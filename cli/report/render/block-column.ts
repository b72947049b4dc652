import type { Report } from '../report-schema.ts';
import type { Column } from './data-table.ts';

type Block = Report['blocks'][number];

/** A column of one figure of the blocks, which says why where it is unknown. */
export function blockColumn<Name extends keyof Block>(
  name: string,
  key: Name,
  show: (value: NonNullable<Block[Name]>) => string,
  number = false,
): Column<Block> {
  const known = (block: Block): NonNullable<Block[Name]> | undefined => block[key] ?? undefined;
  return {
    name,
    number,
    unknown: (block) =>
      known(block) === undefined ? (block.unknown[key] ?? 'no reason is given') : undefined,
    cell: (block) => {
      const value = known(block);
      return value === undefined ? '' : show(value);
    },
  };
}
