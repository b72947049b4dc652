import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { baseArchive, certificates } from '../../scripts/images/image-builder.ts';
import { lastLines, runCommand } from '../../scripts/tensorflow/command.ts';
import { makeStorageFolder, removeStorageFolder } from './storage-folder.ts';

/** Time of every file of a test's images: something else than what a builder takes by default. */
const epoch = '1700000000';

/** A part of an image's configuration. */
export interface ImageConfig {
  readonly created: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

export interface BuiltImage {
  /** The digest of its configuration, which names those of its layers. */
  readonly id: string;
  readonly config: ImageConfig;
  /** Where its files can be read. */
  readonly files: string;
}

export interface BuildRequest {
  readonly containerfile: string;
  /** The checkout. */
  readonly context: string;
  readonly target?: string;
  /** The image to begin with; default: the base image. */
  readonly base?: string;
  readonly buildArguments?: Readonly<Record<string, string>>;
}

/**
 * Builds Containerfiles with buildah, without a daemon and without a registry: what is pulled elsewhere is made here of
 * Debian's packages. Packages come through this machine's own configuration of npm and pip, as secrets of the build.
 */
export class ImageBuilder implements AsyncDisposable {
  readonly #folder: string;
  readonly #driver: string;
  readonly #secrets: readonly string[];
  #base = '';

  private constructor(folder: string, driver: string, secrets: readonly string[]) {
    this.#folder = folder;
    this.#driver = driver;
    this.#secrets = secrets;
  }

  static async create(): Promise<ImageBuilder> {
    const folder = await makeStorageFolder();
    const trial = new ImageBuilder(folder, 'overlay', []);
    // Where the file system can't, as in a container, layers are copied.
    const driver = await trial.#buildah('info').then(
      () => 'overlay',
      () => 'vfs',
    );
    const builder = new ImageBuilder(folder, driver, await writeSecrets(folder));
    try {
      await builder.#importBase();
    } catch (error) {
      await builder[Symbol.asyncDispose]();
      throw error;
    }
    return builder;
  }

  async build({ containerfile, context, target, base, buildArguments }: BuildRequest): Promise<string> {
    const options = {
      BASE: base ?? this.#base,
      SOURCE_DATE_EPOCH: epoch,
      VERSION: '1.2.3',
      REVISION: 'abcdef',
      ...buildArguments,
    };
    const output = await this.#buildah(
      'build',
      '--quiet',
      '--isolation=chroot',
      '--pull-never',
      '--layers=false',
      `--timestamp=${epoch}`,
      ...this.#secrets,
      ...Object.entries(options).map(([name, value]) => `--build-arg=${name}=${value}`),
      ...(target === undefined ? [] : [`--target=${target}`]),
      `--file=${join(context, containerfile)}`,
      `--ignorefile=${join(context, '.dockerignore')}`,
      context,
    );
    return output.trim().split('\n').at(-1) ?? '';
  }

  /** What an image is, with its files mounted until the builder goes. */
  async open(id: string): Promise<BuiltImage> {
    const { OCIv1 } = JSON.parse(await this.#buildah('inspect', '--type=image', id)) as {
      OCIv1: ImageConfig;
    };
    const container = (await this.#buildah('from', '--pull-never', id)).trim();
    return { id, config: OCIv1, files: (await this.#buildah('mount', container)).trim() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#buildah('rm', '--all');
    await this.#buildah('rmi', '--all', '--force');
    await removeStorageFolder(this.#folder);
  }

  async #importBase(): Promise<void> {
    const container = (await this.#buildah('from', 'scratch')).trim();
    await this.#buildah('add', container, baseArchive(), '/');
    this.#base = (
      await this.#buildah('commit', '--quiet', '--rm', container, 'localhost/node:24-bookworm-slim')
    ).trim();
  }

  async #buildah(...call: readonly string[]): Promise<string> {
    const storage = [`--root=${join(this.#folder, 'storage')}`, `--runroot=${join(this.#folder, 'run')}`];
    const result = await runCommand('buildah', [...storage, `--storage-driver=${this.#driver}`, ...call]);
    if (result.code === 0) return result.stdout;
    throw new Error(`buildah ${call[0] ?? ''}: ${lastLines(`${result.stdout}\n${result.stderr}`, 30)}`);
  }
}

/** The options that hand this machine's settings for npm and pip to a build, without leaving them in an image. */
async function writeSecrets(folder: string): Promise<readonly string[]> {
  const file = await certificates();
  const inBuild = '/run/secrets/certificates.pem';
  const registry = (await runCommand('npm', ['config', 'get', 'registry'])).stdout.trim();
  const index = (
    await runCommand('python3', ['-m', 'pip', 'config', 'get', 'global.index-url'])
  ).stdout.trim();
  const texts = {
    npmrc: [`registry=${registry}`, ...(file === undefined ? [] : [`cafile=${inBuild}`])],
    pip: [
      '[global]',
      ...(index === '' ? [] : [`index-url = ${index}`]),
      ...(file === undefined ? [] : [`cert = ${inBuild}`]),
    ],
  };
  const options: string[] = file === undefined ? [] : [`--secret=id=certificates,src=${file}`];
  for (const [id, lines] of Object.entries(texts)) {
    const path = join(folder, id);
    await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
    options.push(`--secret=id=${id},src=${path}`);
  }
  return options;
}
