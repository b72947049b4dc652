import { mkdir, mkdtempDisposable, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfFile, type Digest } from '../../../common/digest.ts';
import { lastLines, runCommand } from '../../../scripts/tensorflow/command.ts';

export interface Image {
  /** Its name in a cluster, such as `localhost/tools:1`. */
  readonly reference: string;
  /** The folder of all its files; the owner of each becomes root. */
  readonly files: string;
  /** `config` of the image: Entrypoint, Cmd, Env, User. */
  readonly config: object;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

const mediaTypes = 'application/vnd.oci.image';

/**
 * Writes an image as an archive that `ctr images import` reads, without a daemon: one layer, not compressed.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function writeImage(archive: string, image: Image): Promise<void> {
  await using work = await mkdtempDisposable(join(tmpdir(), 'blockstill-image-'));
  const layout = join(work.path, 'layout');
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  /** Takes the file away from where it is. */
  const putFile = async (kind: string, path: string): Promise<Descriptor> => {
    const [digest, { size }] = await Promise.all([digestOfFile(path), stat(path)]);
    await rename(path, join(layout, 'blobs', ...digest.split(':')));
    return { mediaType: `${mediaTypes}.${kind}`, digest, size };
  };
  const put = async (kind: string, content: object): Promise<Descriptor> => {
    const path = join(work.path, kind);
    await writeFile(path, JSON.stringify(content));
    return await putFile(kind, path);
  };
  const layerTar = join(work.path, 'layer.tar');
  await tarOf(image.files, layerTar);
  const layer = await putFile('layer.v1.tar', layerTar);
  const platform = { architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux' };
  const config = await put('config.v1+json', {
    ...platform,
    config: image.config,
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = await put('manifest.v1+json', {
    schemaVersion: 2,
    mediaType: `${mediaTypes}.manifest.v1+json`,
    config,
    layers: [layer],
  });
  const annotations = { 'io.containerd.image.name': image.reference };
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, platform, annotations }] }),
  );
  await tar(archive, ['-C', layout, 'oci-layout', 'index.json', 'blobs']);
}

/** The same bytes for the same files. */
async function tarOf(folder: string, archive: string): Promise<void> {
  const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  await tar(archive, [...reproducible, '-C', folder, '.']);
}

async function tar(archive: string, options: readonly string[]): Promise<void> {
  const result = await runCommand('tar', ['-cf', archive, ...options]);
  if (result.code !== 0) throw new Error(`tar: ${lastLines(result.stderr)}`);
}
