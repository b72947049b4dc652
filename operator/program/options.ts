import * as z from 'zod';
import { BlockstillError } from '../../common/error.ts';
import { logFormats, logLevels, type LogFormat, type LogLevel } from '../../common/logger.ts';
import { flags, type Flag, type FlagName } from './flags.ts';
import { choice, flag, label, objectName, positive, text } from './option-values.ts';
import { readFlags, type Given } from './read-flags.ts';
import { storageProblems } from './storage-options.ts';
import { compileWorker, workerSchema, type WorkerDefaults } from './worker-options.ts';

/** The options of the program, complete and checked. */
export interface OperatorOptions {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly worker: WorkerDefaults;
  /** Whether jobs may have hostPath and inline NFS volumes. */
  readonly allowHostVolumes: boolean;
  /** Undefined: lead at once. */
  readonly leaderElection: LeaderElection | undefined;
  /** Requests to the API. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
  /** Jobs that are looked at at the same time. */
  readonly workers: number;
  /** Whether pods are asked for their progress. */
  readonly progress: boolean;
  /** With `{node-ip}` or `{node-name}` in it; undefined: none is asked. */
  readonly dcgmExporterUrl: string | undefined;
  /** Where health and metrics are served; undefined: nowhere. */
  readonly listen: ListenAddress | undefined;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

export interface LeaderElection {
  /** Undefined: where the operator itself is. */
  readonly namespace: string | undefined;
  readonly leaseName: string;
}

export interface ListenAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

const exporterUrl = z.string().transform((value, context) => {
  const filled = value.replaceAll('{node-ip}', '10.0.0.1').replaceAll('{node-name}', 'node');
  // Without a place for the node, every node would be told to draw what one exporter says.
  if (filled !== value && /^https?:$/.test(URL.parse(filled)?.protocol ?? '')) return value;
  context.addIssue(
    'must be an http or https URL with {node-ip} or {node-name} in it, such as http://{node-ip}:9400/metrics',
  );
  return z.NEVER;
});
const address = z.string().transform((value, context) => {
  const parsed = parseAddress(value);
  if (parsed !== 'wrong') return parsed;
  context.addIssue('must be host:port, such as 127.0.0.1:8080, or off');
  return z.NEVER;
});

const schema = z.object({
  kubeconfig: text.optional(),
  context: text.optional(),
  namespace: z.array(label).default([]),
  ...workerSchema.shape,
  'allow-host-volumes': flag.default(false),
  'no-leader-election': flag.default(false),
  'leader-election-namespace': label.optional(),
  'lease-name': objectName.default('blockstill-operator'),
  qps: positive(10_000, { whole: false }).default(300),
  burst: positive(10_000, { whole: true }).default(500),
  workers: positive(256, { whole: true }).default(16),
  'no-progress': flag.default(false),
  'dcgm-exporter-url': exporterUrl.optional(),
  listen: address.default({ host: '0.0.0.0', port: 8080 }),
  'log-level': choice(...logLevels).default('info'),
  'log-format': choice(...logFormats).default('json'),
} satisfies Record<FlagName, z.ZodType>);

const listFlags: ReadonlySet<string> = new Set(
  flags.filter((each: Flag) => each.repeatable).map(({ name }) => name),
);

/**
 * The options from flags and environment, or `help` where that was asked for.
 *
 * @throws BlockstillError `operator/usage` with every problem there is, a line each
 */
export function parseOptions(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): OperatorOptions | 'help' {
  const { given, help, problems } = readFlags(args, environment);
  if (help) return 'help';
  const raw = [...given].map(([name, { values }]) => [name, listFlags.has(name) ? values : values[0]]);
  const { data, error } = schema.safeParse(Object.fromEntries(raw));
  const all = [
    ...problems,
    ...(error?.issues ?? []).map((issue) => describeIssue(issue, given)),
    ...storageProblems(given),
  ];
  if (data !== undefined && all.length === 0) return compile(data);
  throw new BlockstillError('operator/usage', all.join('\n'), { hint: 'Run with --help for the options.' });
}

function describeIssue({ path, message }: z.core.$ZodIssue, given: ReadonlyMap<FlagName, Given>): string {
  const [name, index = 0] = path;
  const { source, values } = given.get(name as FlagName) ?? { source: `--${String(name)}`, values: [] };
  return `${source}: "${values[Number(index)] ?? ''}" ${message}.`;
}

function compile(data: z.infer<typeof schema>): OperatorOptions {
  return {
    kubeconfig: data.kubeconfig,
    context: data.context,
    namespaces: [...new Set(data.namespace)],
    worker: compileWorker(data),
    allowHostVolumes: data['allow-host-volumes'],
    leaderElection: data['no-leader-election']
      ? undefined
      : { namespace: data['leader-election-namespace'], leaseName: data['lease-name'] },
    rate: { perSecond: data.qps, burst: data.burst },
    workers: data.workers,
    progress: !data['no-progress'],
    dcgmExporterUrl: data['dcgm-exporter-url'],
    listen: data.listen === 'off' ? undefined : data.listen,
    log: { level: data['log-level'], format: data['log-format'] },
  };
}

function parseAddress(value: string): ListenAddress | 'off' | 'wrong' {
  if (value === 'off') return 'off';
  const groups = addressExpression.exec(value)?.groups;
  const port = Number(groups?.['port']);
  if (groups === undefined || port > 65_535) return 'wrong';
  // As Go does it: without a host, all addresses.
  return { host: groups['bracketed'] ?? (groups['host'] || '0.0.0.0'), port };
}

/** An IPv6 address stands in brackets. */
const addressExpression = /^(?:\[(?<bracketed>[0-9a-fA-F:.]+)\]|(?<host>[^:\s[\]]*)):(?<port>\d{1,5})$/;
