import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { helmFolder } from './helm.ts';

export const chartFolder = fileURLToPath(new URL('../../helm/blockstill', import.meta.url));

export interface HelmRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Helm, with a text on its standard input for `--values -`. */
export async function runHelm(helmArguments: readonly string[], input = ''): Promise<HelmRun> {
  const child = spawn(join(await helmFolder(), 'helm'), helmArguments);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  // One that refuses its arguments does not read.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
  });
}

/** An object of the cluster, as far as most tests look. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Where and as what the chart is rendered. */
export interface Release {
  readonly name?: string;
  readonly namespace?: string;
  /** Also what is made for `helm test` only. */
  readonly withTests?: boolean;
}

/** Runs `helm template` with values. */
export async function template(values: object = {}, release: Release = {}): Promise<HelmRun> {
  const { name = 'blockstill', namespace = 'blockstill-system', withTests = false } = release;
  const place = ['--namespace', namespace, ...(withTests ? [] : ['--skip-tests'])];
  return await runHelm(['template', name, chartFolder, ...place, '--values', '-'], JSON.stringify(values));
}

/**
 * The objects that the chart consists of with these values.
 *
 * @throws Error with what Helm says when it refuses
 */
export async function render(
  values: object = {},
  release: Release = {},
): Promise<readonly KubernetesObject[]> {
  const { code, stdout, stderr } = await template(values, release);
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  return parseAllDocuments(stdout, { version: '1.1' }).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.contents === null ? [] : [document.toJS() as KubernetesObject];
  });
}

/**
 * The one object of a kind, and of a name where there are several.
 *
 * @throws Error when there is none, or more than one
 */
export function only<T extends KubernetesObject>(
  objects: readonly (KubernetesObject | T)[],
  kind: string,
  name?: string,
): T {
  const found = objects.filter(
    (each) => each.kind === kind && (name === undefined || each.metadata.name === name),
  );
  const [first] = found;
  if (found.length !== 1 || first === undefined) {
    throw new Error(
      `There are ${found.length} objects of kind ${kind}${name === undefined ? '' : ` named ${name}`}.`,
    );
  }
  return first as T;
}
