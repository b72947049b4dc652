import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { cacheFolder } from '../../scripts/cache-folder.ts';
import { imageSuite, whyNoImageBuilder } from '../../scripts/images/image-builder.ts';
import { operatorImageConfig } from '../../scripts/lay-out-operator.ts';
import { workerImageConfig } from '../../scripts/lay-out-worker.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import { podEnvironment, terminationLog } from '../../worker/contract/pod.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { SmallJob } from '../worker/small-job.ts';
import { copyCheckout } from './copy-checkout.ts';
import { ImageBuilder, type BuiltImage } from './image-builder.ts';
import { filesOfImage, programsOfImage, textsInImage } from './image-files.ts';
import { runImage } from './run-image.ts';
import { unitInContainer } from './unit-in-container.ts';

const root = dirname(dirname(import.meta.dirname));
const containerfiles = { operator: 'images/operator.Containerfile', worker: 'images/worker.Containerfile' };

interface Images {
  readonly operator: BuiltImage;
  readonly worker: BuiltImage;
}

describe.skipIf(cannotRun(imageSuite, await whyNoImageBuilder()))(
  'images built from their Containerfiles',
  () => {
    const held = new AsyncDisposableStack();
    let builder: ImageBuilder;
    let tools = '';
    let images: Images;

    beforeAll(async () => {
      builder = held.use(await ImageBuilder.create());
      // Most of the time goes into Debian's packages, so that stage is built once, and then finds them installed.
      tools = await builder.build({ containerfile: containerfiles.worker, context: root, target: 'tools' });
      images = await buildFrom(root);
    }, 2_400_000);
    afterAll(async () => await held.disposeAsync(), 120_000);

    async function buildFrom(context: string): Promise<Images> {
      const open = async (containerfile: string) =>
        await builder.open(await builder.build({ containerfile, context, base: tools }));
      return { operator: await open(containerfiles.operator), worker: await open(containerfiles.worker) };
    }

    test('start as the tests elsewhere take for granted, as nobody', () => {
      expect(images.operator.config.config).toMatchObject(operatorImageConfig);
      expect(images.worker.config.config).toMatchObject(workerImageConfig);
      for (const { config } of Object.values(images) as BuiltImage[]) {
        expect(config.config.User).toBe('65532:65532');
        expect(config.created).toBe('2023-11-14T22:13:20Z');
        expect(config.rootfs.diff_ids).toHaveLength(1);
        expect(config.config.Labels).toMatchObject({
          'org.opencontainers.image.title': expect.stringMatching(/^Blockstill (operator|worker)$/),
          'org.opencontainers.image.licenses': packageJson.license,
          'org.opencontainers.image.version': '1.2.3',
          'org.opencontainers.image.revision': 'abcdef',
        });
      }
    });

    test('have no shell, no package manager, nothing but their programs', async () => {
      const node = '/usr/local/bin/node';
      expect(await programsOfImage(images.operator.files)).toEqual(['/usr/local/bin/blockstill', node]);
      expect(await programsOfImage(images.worker.files)).toEqual([node]);
    });

    test('have files of root alone, that others may only read, of one time', async () => {
      for (const { files } of Object.values(images) as BuiltImage[]) {
        const all = await filesOfImage(files);
        expect(all.length).toBeGreaterThan(15);
        const modes = new Map(all.map((file) => [file.path, file.mode]));
        expect(modes.get('/tmp')).toBe(0o1777);
        const odd = all.filter(
          ({ path, mode, owner, time }) =>
            owner !== 0 || time !== 1_700_000_000 || (path !== '/tmp' && ![0o644, 0o755].includes(mode)),
        );
        expect(odd).toEqual([]);
      }
    });

    test('say which packages of Debian their files are from, and by which licences they have them', async () => {
      for (const { files } of Object.values(images) as BuiltImage[]) {
        const status = join(files, 'var/lib/dpkg/status.d');
        const packages = await readdir(status);
        expect(packages).toEqual(
          expect.arrayContaining(['ca-certificates', 'libc6', 'libgcc-s1', 'libstdc++6']),
        );
        for (const name of packages) {
          const text = await readFile(join(status, name), 'utf8');
          expect(text.split('\n')).toEqual(
            expect.arrayContaining([`Package: ${name}`, 'Status: install ok installed']),
          );
          expect(text).toMatch(/^Version: \d/m);
        }
        expect(await readFile(join(files, 'etc/os-release'), 'utf8')).toMatch(/^VERSION_ID="12"$/m);
        // By it NVIDIA's toolkit would choose another folder for its driver.
        expect(await readdir(join(files, 'etc'))).not.toContain('debian_version');
        expect(await readdir(join(files, 'licenses'))).toEqual(
          expect.arrayContaining(['LICENSE', 'THIRD-PARTY-LICENSES.txt', 'node.txt']),
        );
      }
      const licenses = join(images.worker.files, 'licenses');
      expect(await readFile(join(licenses, 'THIRD-PARTY-LICENSES.txt'), 'utf8')).toMatch(
        /^@img\/sharp-libvips-linux-x64 \d.*\(LGPL/m,
      );
      expect(await readdir(join(licenses, 'tensorflow'))).toEqual(['LICENSE', 'THIRD_PARTY_NOTICES.txt']);
    });

    test('say nothing of where they were built, nor of how packages were reached', async () => {
      const texts = [
        root,
        cacheFolder(),
        '/src/node_modules/@tensorflow',
        '/cache/tensorflow',
        '/run/secrets/cert',
      ];
      for (const { files } of Object.values(images) as BuiltImage[]) {
        expect(await textsInImage(files, texts)).toEqual([]);
        // What is there is found.
        expect(await textsInImage(files, ['BLOCKSTILL_'])).not.toEqual([]);
      }
    });

    test('run: the operator says how it is used, and the command line its version', async () => {
      const help = await runImage(images.operator, { args: ['--help'] });
      expect(help.stderr).toBe('');
      expect(help.code).toBe(0);
      expect(help.stdout).toContain('--namespace');
      const version = await runImage(images.operator, { entrypoint: ['blockstill', '--version'] });
      expect(version).toMatchObject({ code: 0, stdout: `${packageJson.version}\n` });
    });

    test('run: the worker does a unit, with nowhere to write but where it may', async () => {
      await using job = await SmallJob.create({ teacher: await networkOf(vgg()) });
      const unit = await unitInContainer(job, { stage: 'Prepare', unit: 'prepare' });
      const result = await runImage(images.worker, unit);
      const message = await readFile(unit.volumes[terminationLog] ?? '', 'utf8');
      expect(result.code, `${message}\n${result.stderr}`).toBe(exitCode.Committed);
      const attempt = join(job.folder, 'exchange', 'prepare', unit.environment[podEnvironment.podUid] ?? '');
      expect(await readdir(attempt)).toEqual(expect.arrayContaining(['plan.json', 'result.json']));
    });

    test('have the native packages whole, to decode images and to ask a driver', async () => {
      const program = `
      import koffi from 'koffi';
      import sharp from 'sharp';
      const red = sharp({ create: { width: 1, height: 1, channels: 3, background: { r: 255, g: 0, b: 0 } } });
      const decoded = await sharp(await red.png().toBuffer()).raw().toBuffer();
      console.log(koffi.load('libm.so.6').func('double cos(double)')(0), decoded.join());`;
      const entrypoint = ['node', '--input-type=module', '--eval', program];
      expect(await runImage(images.worker, { entrypoint })).toMatchObject({ code: 0, stdout: '1 255,0,0\n' });
    });

    test('refuse to use a processor in place of a GPU that was asked for', async () => {
      await using job = await SmallJob.create({
        teacher: await networkOf(vgg()),
        spec: { execution: { device: 'GPU' } },
      });
      const unit = await unitInContainer(job, { stage: 'Prepare', unit: 'prepare' });
      const result = await runImage(images.worker, unit);
      const message = await readFile(unit.volumes[terminationLog] ?? '', 'utf8');
      expect(message).toContain('A GPU was asked for, but TensorFlow does not use one');
      expect(result.code).toBe(exitCode.Failed);
    });

    test(
      'have the same digests from a copy of the checkout at another place',
      { timeout: 2_400_000 },
      async () => {
        const copy = await mkdtemp(join(tmpdir(), 'blockstill-checkout-elsewhere-'));
        held.defer(async () => await rm(copy, { recursive: true, force: true }));
        await copyCheckout(root, copy);
        expect(
          (await runCommand('diff', ['-q', join(root, 'package.json'), join(copy, 'package.json')])).code,
        ).toBe(0);
        const again = await buildFrom(copy);
        expect(again.operator.config.rootfs).toEqual(images.operator.config.rootfs);
        expect(again.worker.config.rootfs).toEqual(images.worker.config.rootfs);
      },
    );
  },
);
