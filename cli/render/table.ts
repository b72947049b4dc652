export interface TableOptions {
  /** Columns with numbers, by index. */
  readonly right?: readonly number[];
  readonly indent?: string;
}

/** Rows of plain text in columns, two spaces apart, as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string[] {
  const { right = [], indent = '' } = options;
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `${indent}${cells.join('  ')}`.trimEnd();
  });
}
