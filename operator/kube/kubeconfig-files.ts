import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { BlockstillError } from '../../common/error.ts';

const named = z.looseObject({ name: z.string() });

const kubeconfigSchema = z.looseObject({
  clusters: z.array(named.extend({ cluster: z.looseObject({}).optional() })).nullish(),
  contexts: z.array(named).nullish(),
  users: z.array(named.extend({ user: z.looseObject({}).nullish() })).nullish(),
  'current-context': z.string().nullish(),
});

type Kubeconfig = z.infer<typeof kubeconfigSchema>;

/**
 * One kubeconfig out of several files, merged as kubectl does: the first that says something wins, a file that is missing
 * is passed over. Paths in it are made absolute, and what KubeConfig of client-node does not know is put in its words:
 * `tokenFile`, and the `KUBERNETES_EXEC_INFO` that credential plugins expect.
 *
 * @throws BlockstillError `cluster/no-configuration` when no file is there, `cluster/invalid-configuration`
 */
export function readKubeconfigFiles(paths: readonly string[]): string {
  const files = paths.flatMap(readKubeconfig);
  if (files.length === 0) {
    throw new BlockstillError('cluster/no-configuration', 'There is no kubeconfig.', {
      where: paths.join(', '),
      hint: 'Point KUBECONFIG to the file that describes your cluster.',
    });
  }
  const clusters = firstOfEachName(files.flatMap((file) => file.clusters ?? []));
  const current = files.map((file) => file['current-context']).find((context) => Boolean(context));
  return JSON.stringify({
    clusters,
    contexts: firstOfEachName(files.flatMap((file) => file.contexts ?? [])),
    users: firstOfEachName(files.flatMap((file) => file.users ?? [])),
    'current-context': current,
  });
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return [...byName.values()];
}

function readKubeconfig(path: string): Kubeconfig[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw invalid(path, error);
  }
  try {
    const config = kubeconfigSchema.parse(parse(text) ?? {});
    for (const { cluster } of config.clusters ?? []) {
      if (cluster) makeAbsolute(cluster, 'certificate-authority', dirname(path));
    }
    for (const { user } of config.users ?? []) if (user) translateUser(user, dirname(path));
    return [config];
  } catch (error) {
    throw invalid(path, error);
  }
}

function invalid(where: string, cause: unknown): BlockstillError {
  const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
  const message = `The kubeconfig can't be read: ${why}`;
  return new BlockstillError('cluster/invalid-configuration', message, { where, cause });
}

type Fields = Record<string, unknown>;

function translateUser(user: Fields, folder: string): void {
  makeAbsolute(user, 'client-certificate', folder);
  makeAbsolute(user, 'client-key', folder);
  const { tokenFile, exec } = user;
  if (typeof tokenFile === 'string') {
    delete user['token'];
    user['auth-provider'] = { name: 'tokenFile', config: { tokenFile: resolve(folder, tokenFile) } };
  }
  if (typeof exec === 'object' && exec !== null) user['exec'] = translateExec(exec as Fields, folder);
}

function translateExec(exec: Fields, folder: string): Fields {
  const { command, apiVersion, env } = exec;
  const info = { kind: 'ExecCredential', apiVersion, spec: { interactive: false } };
  const isPath = typeof command === 'string' && command.includes('/');
  return {
    ...exec,
    command: isPath ? resolve(folder, command) : command,
    env: [...(Array.isArray(env) ? env : []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
  };
}

function makeAbsolute(fields: Fields, field: string, folder: string): void {
  const path = fields[field];
  if (typeof path === 'string' && path !== '') fields[field] = resolve(folder, path);
}
