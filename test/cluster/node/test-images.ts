import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines, runCommand } from '../../../scripts/tensorflow/command.ts';
import { pauseImage } from './configuration.ts';
import { writeImage } from './image.ts';

/** A shell and the usual small tools. */
export const toolsImage = 'localhost/tools:1';

/** Writes the archives of what every node has: the image that holds a pod's namespaces, and {@link toolsImage}. */
export async function writeTestImages(
  folder: string,
  programs: { pause: string; busybox: string },
): Promise<readonly string[]> {
  const archives = [join(folder, 'pause.tar'), join(folder, 'tools.tar')] as const;
  const pauseFiles = join(folder, 'pause');
  await mkdir(pauseFiles, { recursive: true });
  await copyFile(programs.pause, join(pauseFiles, 'pause'));
  await writeImage(archives[0], {
    reference: pauseImage,
    files: pauseFiles,
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
  });
  const toolsFiles = join(folder, 'tools');
  await mkdir(join(toolsFiles, 'bin'), { recursive: true });
  await mkdir(join(toolsFiles, 'etc'));
  await mkdir(join(toolsFiles, 'tmp'));
  await chmod(join(toolsFiles, 'tmp'), 0o1777);
  await copyFile(programs.busybox, join(toolsFiles, 'bin', 'busybox'));
  for (const name of await busyboxTools(programs.busybox)) {
    await symlink('busybox', join(toolsFiles, 'bin', name));
  }
  await writeFile(join(toolsFiles, 'etc', 'passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  await writeImage(archives[1], {
    reference: toolsImage,
    files: toolsFiles,
    config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
  });
  return archives;
}

async function busyboxTools(busybox: string): Promise<readonly string[]> {
  const result = await runCommand(busybox, ['--list']);
  if (result.code !== 0) throw new Error(`busybox --list: ${lastLines(result.stderr)}`);
  return result.stdout
    .trim()
    .split('\n')
    .filter((name) => name !== 'busybox');
}
