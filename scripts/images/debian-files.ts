import { join } from 'node:path';
import { isThere } from '../cluster/kubernetes.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';
import type { ImageFile } from './image-file.ts';

/**
 * What tells a scanner which packages of Debian the files of an image are from, as distroless images have it: a file for
 * each package in `/var/lib/dpkg/status.d`, and whose release it is. With their copyright, where that was not left out.
 *
 * Without `/etc/debian_version`: by that file NVIDIA's toolkit would choose another folder for its driver.
 *
 * @param files of this machine; nothing on a machine without dpkg
 * @see https://github.com/GoogleContainerTools/distroless
 */
export async function debianFiles(files: readonly string[]): Promise<readonly ImageFile[]> {
  const packages = await owningPackages(files);
  const described: ImageFile[] = [];
  for (const name of packages) {
    const { code, stdout, stderr } = await runCommand('dpkg-query', ['--status', name]);
    if (code !== 0) throw new Error(`dpkg-query --status ${name}: ${lastLines(stderr)}`);
    const plain = withoutArchitecture(name);
    described.push({ text: stdout, to: `/var/lib/dpkg/status.d/${plain}` });
    const copyright = join('/usr/share/doc', plain, 'copyright');
    if (await isThere(copyright)) described.push({ from: copyright, to: copyright });
  }
  if (packages.length > 0) described.push({ from: '/usr/lib/os-release', to: '/etc/os-release' });
  return described;
}

/** Packages such as `libc6:amd64`. A file that belongs to none may be of this machine's administrator. */
async function owningPackages(files: readonly string[]): Promise<readonly string[]> {
  // dpkg knows files by the paths of their packages, from before or after /lib became a link to /usr/lib.
  const paths = files.flatMap((path) => [path, path.startsWith('/usr/') ? path.slice(4) : `/usr${path}`]);
  // It fails where it doesn't know all of them, and tells those that it knows.
  const { missing, stdout } = await runCommand('dpkg-query', ['--search', ...paths]);
  return missing ? [] : packagesIn(stdout);
}

/** What `dpkg-query --search` has found: `package:architecture: /path`, each package once. */
export function packagesIn(text: string): readonly string[] {
  const names = text.split('\n').flatMap((line) => /^([a-z0-9][a-z0-9+.:-]*): \//.exec(line)?.[1] ?? []);
  return [...new Set(names)].toSorted();
}

function withoutArchitecture(name: string): string {
  return name.replace(/:.*/, '');
}
