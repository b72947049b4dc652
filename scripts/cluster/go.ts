import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';
import { kubernetesModule } from './kubernetes.ts';

/** On PATH, or where Go's own instructions put it. */
const usualPlaces = ['go', '/usr/local/go/bin/go'];

/**
 * A Go that can build the module.
 *
 * @throws BlockstillError `setup/missing-tools` that says which Go is needed and which one is there
 */
export async function findGo(places = usualPlaces): Promise<string> {
  const needed = await neededVersion();
  let found = 'This machine has no Go';
  for (const program of places) {
    // A Go of 1.21 or newer fetches the version that the module needs, unless that is forbidden.
    const result = await runCommand(program, ['-C', kubernetesModule, 'version']);
    if (result.missing) continue;
    const version = /go(\d+)\.(\d+)/.exec(result.stdout);
    if (result.code === 0 && version !== null && isAtLeast(version, needed)) return program;
    const own = await runCommand(program, ['version']);
    found = `The Go of this machine is too old (${lastLines(own.stdout, 1)})`;
  }
  throw new BlockstillError('setup/missing-tools', `${found}, so Kubernetes can't be built for the tests.`, {
    hint:
      `Install Go ${needed} or newer, or name a folder with etcd, kube-apiserver and kubectl in KUBEBUILDER_ASSETS ` +
      '(enough for the API-server suite); then run the same command again.',
  });
}

async function neededVersion(): Promise<string> {
  const text = await readFile(join(kubernetesModule, 'go.mod'), 'utf8');
  return /^go (\d+\.\d+)/m.exec(text)?.[1] ?? '1.25';
}

function isAtLeast([, major, minor]: RegExpExecArray, needed: string): boolean {
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return Number(major) > neededMajor || (Number(major) === neededMajor && Number(minor) >= neededMinor);
}
