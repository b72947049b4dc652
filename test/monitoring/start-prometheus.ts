import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prometheusFolder } from '../../scripts/prometheus/prometheus.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { startProcess } from '../cluster/start-process.ts';
import { waitFor } from '../cluster/wait-for.ts';

/** Something to scrape every second. */
export interface Target {
  readonly job: string;
  /** Host and port. */
  readonly address: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [seconds: number, value: string];
}

export interface RuleHealth {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly state: string;
}

export interface Prometheus extends AsyncDisposable {
  /** @throws Error with what Prometheus says of an expression that it can't evaluate */
  query(expression: string): Promise<readonly Series[]>;
  /** The names of all metrics that an expression asks for. */
  metricsIn(expression: string): Promise<readonly string[]>;
  rules(): Promise<readonly RuleHealth[]>;
}

/** Starts a real Prometheus that has the rules of a file. It ends with this process, also when that is killed. */
export async function startPrometheus(targets: readonly Target[], rulesFile: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'blockstill-prometheus-'));
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => await rm(folder, { recursive: true, force: true }));
  const configuration = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rulesFile],
    scrape_configs: targets.map(({ job, address, labels = {} }) => ({
      job_name: job,
      static_configs: [{ targets: [address], labels }],
    })),
  };
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yaml'), JSON.stringify(configuration));
  const [port = 0] = await freePorts(1, '127.0.0.1');
  const server = await startProcess(
    join(await prometheusFolder(), 'prometheus'),
    [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { log: join(folder, 'prometheus.log') },
  );
  undo.defer(async () => await server.kill());
  const url = `http://127.0.0.1:${port}`;
  await waitFor('Prometheus', async () => {
    const ending = await server.ending();
    if (ending !== undefined) throw new Error(ending);
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    return answer?.ok === true ? true : undefined;
  });
  const ask = async (path: string): Promise<unknown> => {
    const answer = await fetch(`${url}/api/v1/${path}`);
    const { status, data, error } = (await answer.json()) as {
      status: string;
      data?: unknown;
      error?: string;
    };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  };
  const owned = undo.move();
  return {
    query: async (expression) => {
      const data = await ask(`query?query=${encodeURIComponent(expression)}`);
      return (data as { result: readonly Series[] }).result;
    },
    metricsIn: async (expression) =>
      namesIn(await ask(`parse_query?query=${encodeURIComponent(expression)}`)),
    rules: async () => {
      const { groups } = (await ask('rules')) as { groups: readonly { rules: readonly RuleHealth[] }[] };
      return groups.flatMap(({ rules }) => rules);
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

/** The selectors in a parsed expression. */
function namesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { type, name } = node as { type?: string; name?: string };
  const own = (type === 'vectorSelector' || type === 'matrixSelector') && name ? [name] : [];
  return [...own, ...Object.values(node).flatMap(namesIn)];
}
