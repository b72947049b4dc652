import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';
import type { BuildOptions } from '../cluster/go-build.ts';

/** A resource definition that comes in the source of another project, as a Go module. */
interface ForeignDefinition {
  readonly module: string;
  readonly version: string;
  /** What Go's checksum of the module must be. */
  readonly sum: string;
  readonly file: string;
}

const bases = 'config/crd/bases';

export const foreignDefinitions: readonly ForeignDefinition[] = [
  {
    module: 'github.com/argoproj/argo-cd/v3',
    version: 'v3.5.6',
    sum: 'h1:twzdsPiPufKLRtEqD1Jg3FqtuZmSHLTIxs7t6fSkjlk=',
    file: 'manifests/crds/application-crd.yaml',
  },
  {
    module: 'github.com/fluxcd/kustomize-controller',
    version: 'v1.9.6',
    sum: 'h1:XB+G3A0mky0j5uVHZWv4oSlS2RvZBoNIUhstIvY0JKE=',
    file: `${bases}/kustomize.toolkit.fluxcd.io_kustomizations.yaml`,
  },
  {
    module: 'github.com/fluxcd/source-controller',
    version: 'v1.9.6',
    sum: 'h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc=',
    file: `${bases}/source.toolkit.fluxcd.io_gitrepositories.yaml`,
  },
  {
    module: 'github.com/fluxcd/helm-controller',
    version: 'v1.6.0',
    sum: 'h1:jlS5X11SG26gspubB5aLrdVSCm0q0tA4ULsY+vwSkL0=',
    file: `${bases}/helm.toolkit.fluxcd.io_helmreleases.yaml`,
  },
];

/** Puts the definitions into a folder; their modules are not built. */
export async function fetchDefinitions(go: string, folder: string, options: BuildOptions): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const definition of foreignDefinitions) {
    const source = await moduleFolder(go, definition, options);
    await copyFile(join(source, definition.file), join(folder, basename(definition.file)));
  }
}

async function moduleFolder(
  go: string,
  { module, version, sum }: ForeignDefinition,
  { signal }: BuildOptions,
): Promise<string> {
  const wanted = `${module}@${version}`;
  const environment = { GOWORK: 'off' };
  const { code, stdout, stderr } = await runCommand(go, ['mod', 'download', '-json', wanted], {
    environment,
    signal,
  });
  const answer = parsed(stdout);
  if (code !== 0 || answer.Dir === undefined) {
    throw new BlockstillError('setup/download-failed', `Go could not download ${wanted}.`, {
      hint: `It needs the network or a module proxy (GOPROXY), once. It said:\n${lastLines(answer.Error ?? stderr)}`,
    });
  }
  if (answer.Sum !== sum) {
    throw new BlockstillError('setup/wrong-digest', `${wanted} is not what it was when it was chosen.`, {
      hint: `Its checksum is ${answer.Sum ?? 'unknown'} instead of ${sum}. Where does your module proxy (GOPROXY) have it from?`,
    });
  }
  return answer.Dir;
}

/** What `go mod download -json` prints, also when it fails. */
interface DownloadAnswer {
  readonly Dir?: string;
  readonly Sum?: string;
  readonly Error?: string;
}

function parsed(text: string): DownloadAnswer {
  try {
    return JSON.parse(text) as DownloadAnswer;
  } catch {
    // It could not even begin, and says so on the other stream.
    return {};
  }
}
