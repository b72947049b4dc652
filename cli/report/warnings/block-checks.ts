import type { ReportInput } from '../report-input.ts';
import type { Warning } from '../report-schema.ts';
import { warning, type Check } from './check.ts';

type Status = ReportInput['status'];

/** Of the blocks: which of them the student does not have, and why. */
export const blockChecks: readonly Check[] = [collapsedBlocks, failedBlocks, rejectedBlocks, keptBlocks];

function collapsedBlocks({ status }: ReportInput): Warning[] {
  return named(status, 'Collapsed', (names) =>
    warning(
      'Collapsed',
      `${names} learnt nothing usable, also at a lower learning rate, and stayed the teacher's.`,
    ),
  );
}

function failedBlocks({ status }: ReportInput): Warning[] {
  return named(status, 'Failed', (names) =>
    warning('Failed', `${names} could not be trained: every attempt failed.`),
  );
}

function keptBlocks({ status }: ReportInput): Warning[] {
  return named(status, 'Kept', (names) =>
    warning('Kept', `${names} stayed the teacher's from the start; the table of blocks says why.`),
  );
}

function rejectedBlocks({ status: { blocks = [] } }: ReportInput): Warning[] {
  const rejected = blocks.filter(({ state, replaced }) => state === 'Distilled' && replaced === false);
  return rejected.length === 0
    ? []
    : [
        warning(
          'Rejected',
          `${list(rejected)} was trained, but is not in the student; the table of blocks says why.`,
        ),
      ];
}

function named(
  { blocks = [] }: Status,
  state: 'Collapsed' | 'Failed' | 'Kept',
  say: (names: string) => Warning,
): Warning[] {
  const found = blocks.filter((block) => block.state === state);
  return found.length === 0 ? [] : [say(list(found))];
}

function list(blocks: readonly { name: string }[]): string {
  const names = blocks
    .slice(0, 4)
    .map(({ name }) => name)
    .join(', ');
  const count = `${blocks.length} blocks`;
  if (blocks.length === 1) return `Block ${names}`;
  return blocks.length > 4 ? `${count} (${names}, ...)` : `${count} (${names})`;
}
