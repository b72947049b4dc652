import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { judgeProgram } from '../../scripts/gitops/judge.ts';

/** What a tool says of an object, or why it can't. */
export interface Judgement {
  readonly status?: string;
  readonly message?: string;
  readonly error?: string;
}

export interface Verdict {
  readonly argo: Judgement;
  readonly kstatus: Judgement;
  /** By Kustomization: one that waits for results, and one for which a job that is accepted is enough. */
  readonly flux: { readonly result: Judgement; readonly accepted: Judgement };
}

/** A manifest, and the resource that the cluster has of it. */
export interface Pair {
  readonly target: unknown;
  readonly live: unknown;
}

interface Answer {
  readonly objects: readonly Verdict[];
  readonly pairs: readonly { readonly synced: boolean }[];
}

/** Where the files lie that users copy. */
export function gitopsFile(path: string): string {
  return fileURLToPath(new URL(`../../helm/gitops/${path}`, import.meta.url));
}

/** The script as Argo CD would find it in its ConfigMap. */
async function healthScript(): Promise<string> {
  const map = parse(await readFile(gitopsFile('argo-cd/argocd-cm.yaml'), 'utf8')) as {
    data: Readonly<Record<string, string>>;
  };
  const script = map.data['resource.customizations.health.blockstill.dev_DistillationJob'];
  if (script === undefined) throw new Error("Argo CD's ConfigMap has no health check.");
  return script;
}

async function fluxExpressions(name: string): Promise<unknown> {
  const kustomization = parse(await readFile(gitopsFile(`flux/${name}.yaml`), 'utf8')) as {
    spec: { healthCheckExprs: readonly object[] };
  };
  return kustomization.spec.healthCheckExprs[0];
}

/** What the tools say of objects, by the files that users copy, or by another script for Argo CD. */
export async function judge(objects: readonly unknown[], script?: string): Promise<readonly Verdict[]> {
  const flux = { result: await fluxExpressions('jobs'), accepted: await fluxExpressions('jobs-accepted') };
  return (await ask({ lua: script ?? (await healthScript()), flux, objects })).objects;
}

/** Whether Argo CD, without server-side diff, takes resources for what their manifests say. */
export async function isSynced(pair: Pair): Promise<boolean> {
  const [answer] = (await ask({ pairs: [pair] })).pairs;
  return answer?.synced === true;
}

async function ask(question: object): Promise<Answer> {
  const child = spawn(await judgeProgram(), { stdio: ['pipe', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  child.stdin.end(JSON.stringify(question));
  const [stdout, stderr, ended] = await Promise.all([text(child.stdout), text(child.stderr), code]);
  if (ended !== 0) throw new Error(`The judge ended with ${ended}: ${stderr}`);
  return JSON.parse(stdout) as Answer;
}
