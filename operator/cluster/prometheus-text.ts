/** One line of an exporter's answer. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN and infinities are values, too. */
  readonly value: number;
}

/**
 * The samples of some metrics in Prometheus' text format. Other lines are passed over, well-formed or not: exporters write
 * the labels of others into them.
 *
 * @throws Error with the number of the line that can't be read
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
export function parsePrometheusText(text: string, names: ReadonlySet<string>): readonly MetricSample[] {
  return text.split('\n').flatMap((line, index) => {
    const [name = ''] = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line) ?? [];
    if (!names.has(name)) return [];
    const sample = sampleOf(name, line.slice(name.length).trim());
    if (sample === undefined) throw new Error(`line ${index + 1} is no sample of ${name}`);
    return [sample];
  });
}

function sampleOf(name: string, rest: string): MetricSample | undefined {
  const labelled = rest.startsWith('{') ? labelsOf(rest) : { labels: {}, rest };
  // A timestamp may follow the value.
  const words = labelled?.rest.trim().split(/[ \t\r]+/) ?? [];
  const value = valueOf(words[0] ?? '');
  if (labelled === undefined || value === undefined || words.length > 2) return undefined;
  return { name, labels: labelled.labels, value };
}

function labelsOf(text: string): { labels: Record<string, string>; rest: string } | undefined {
  const label = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|(?=\}))/y;
  const labels = new Map<string, string>();
  label.lastIndex = 1;
  let end = 1;
  for (let match = label.exec(text); match !== null; match = label.exec(text)) {
    const [, name = '', value = ''] = match;
    if (labels.has(name)) return undefined;
    labels.set(
      name,
      value.replaceAll(/\\(.)/g, (_, each: string) => (each === 'n' ? '\n' : each)),
    );
    end = label.lastIndex;
  }
  const rest = text.slice(end).trimStart();
  return rest.startsWith('}') ? { labels: Object.fromEntries(labels), rest: rest.slice(1) } : undefined;
}

function valueOf(word: string): number | undefined {
  if (/^nan$/i.test(word)) return NaN;
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(word);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word) ? Number(word) : undefined;
}
