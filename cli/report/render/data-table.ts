import { html, type Html } from './html.ts';

export interface Column<Row> {
  readonly name: string;
  /** Right-aligned, with digits of one width. */
  readonly number?: boolean;
  /** Sentences, which take several lines. */
  readonly long?: boolean;
  cell(row: Row): Html | string;
  /** Why the row has no such figure; undefined when it has. */
  unknown?(row: Row): string | undefined;
}

export interface DataTable<Row> {
  /** What a screen reader calls it. */
  readonly caption: string;
  /** The first is the row's heading. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Many columns: no figure is broken into lines. */
  readonly dense?: boolean;
}

/**
 * A table that scrolls by itself where it is wider than the window, with the keyboard too. A column in which everything is
 * unknown takes no room; under the table stands why.
 */
export function dataTable<Row>({ caption, columns, rows, dense = false }: DataTable<Row>): Html {
  const empty = columns.filter(
    ({ unknown }) => rows.length > 0 && rows.every((row) => unknown?.(row) !== undefined),
  );
  const shown = columns.filter((column) => !empty.includes(column));
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
      <table class="${dense ? 'dense' : ''}">
        <caption>
          ${caption}
        </caption>
        <thead>
          <tr>
            ${shown.map((column) => html`<th scope="col" class="${classOf(column)}">${column.name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${shown.map((column, index) => cellOf(column, row, index === 0))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${reasons({ empty, shown, rows })}`;
}

interface Unknowns<Row> {
  readonly empty: readonly Column<Row>[];
  readonly shown: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

/** Why columns are missing, then why there are gaps in others: each reason once, with the rows that it holds for. */
function reasons<Row>({ empty, shown, rows }: Unknowns<Row>): Html | undefined {
  const last = rows.at(-1);
  const columns = empty.map((column) => ({
    what: column.name,
    reason: (last === undefined ? undefined : column.unknown?.(last)) ?? '',
  }));
  const gaps = rows.flatMap((row) =>
    shown.flatMap(({ unknown }) => {
      const reason = unknown?.(row);
      const heading = shown[0]?.cell(row);
      return reason === undefined || typeof heading !== 'string' ? [] : [{ what: heading, reason }];
    }),
  );
  const all = [...Map.groupBy([...columns, ...gaps], ({ reason }) => reason)];
  if (all.length === 0) return undefined;
  return html`<ul class="reasons">
    ${all.map(
      ([reason, cases]) =>
        html`<li>Unknown for ${listed([...new Set(cases.map(({ what }) => what))])}: ${reason}</li>`,
    )}
  </ul>`;
}

const mostListed = 6;

function listed(names: readonly string[]): string {
  const more = names.length - mostListed;
  return more <= 0 ? names.join(', ') : `${names.slice(0, mostListed).join(', ')} and ${more} more`;
}

function classOf<Row>({ number = false, long = false }: Column<Row>): string {
  return [...(number ? ['number'] : []), ...(long ? ['long'] : [])].join(' ');
}

function cellOf<Row>(column: Column<Row>, row: Row, heading: boolean): Html {
  const content = column.unknown?.(row) === undefined ? column.cell(row) : unknownWord;
  return heading
    ? html`<th scope="row" class="${classOf(column)}">${content}</th>`
    : html`<td class="${classOf(column)}">${content}</td>`;
}

const unknownWord = html`<span class="reason">unknown</span>`;

/** A figure; or that it is unknown, with the reason. */
export function valueOrReason(value: string | null | undefined, reason: string | null | undefined): Html {
  if (value !== null && value !== undefined) return html`${value}`;
  return html`<span class="reason">unknown: ${reason ?? 'no reason is given'}</span>`;
}
