/** `node scripts/npm-package.ts [--out FOLDER] [--repository OWNER/NAME]`: lays out what `npm publish` publishes. */
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.ts';
import { npmManifest, type OwnManifest } from './npm/npm-manifest.ts';
import { thirdPartyLicenses } from './npm/third-party-licenses.ts';

const root = dirname(import.meta.dirname);
const sources = join(import.meta.dirname, 'npm');
const programs = ['blockstill', 'blockstill-operator', 'kubectl-complete-blockstill', 'check-node'];

/** The folder that becomes the npm package: programs in `bin/`, their bundles in `dist/`, and texts. */
export async function layOutNpmPackage(folder: string, repository?: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'bin'), { recursive: true });
  const { inputs } = await bundle(join(folder, 'dist'));
  for (const name of programs.map((each) => `${each}.mjs`)) {
    await cp(join(sources, 'bin', name), join(folder, 'bin', name));
    await chmod(join(folder, 'bin', name), 0o755);
  }
  await cp(join(sources, 'README.md'), join(folder, 'README.md'));
  await cp(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  await writeFile(
    join(folder, 'THIRD-PARTY-LICENSES.txt'),
    await thirdPartyLicenses(root, Object.values(inputs).flat()),
  );
  const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as OwnManifest;
  const manifest = npmManifest(own, repository);
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: join(root, 'dist', 'npm') }, repository: { type: 'string' } },
  });
  await layOutNpmPackage(values.out, values.repository);
  console.log(`The package is in ${values.out}.`);
}
