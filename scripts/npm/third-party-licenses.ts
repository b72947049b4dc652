import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/**
 * What licences ask of whoever passes on a bundle: the texts of all packages that are in it.
 *
 * @param inputs paths of the bundled files, relative to the root, as esbuild tells them
 * @throws Error for a package that says nothing of its licence
 */
export async function thirdPartyLicenses(root: string, inputs: readonly string[]): Promise<string> {
  const packagesByText = new Map<string, string[]>();
  for (const folder of packageFolders(inputs)) {
    const { name, version, license } = await readManifest(join(root, folder));
    const text = await licenseText(join(root, folder));
    if (license === undefined && text === undefined) throw new Error(`${name} says nothing of its licence.`);
    const title = `${name} ${version}${license === undefined ? '' : ` (${license})`}`;
    const key = text ?? 'No text beside the name of the licence.';
    packagesByText.set(key, [...(packagesByText.get(key) ?? []), title]);
  }
  const sections = [...packagesByText].map(([text, titles]) => `${titles.join('\n')}\n\n${text}`);
  const first = 'Packages that are part of the programs, each text below the packages that it belongs to.';
  return `${[first, ...sections].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** `node_modules/a/node_modules/@b/c/lib/d.js` is a file of the package in `node_modules/a/node_modules/@b/c`. */
export function packageFolders(inputs: readonly string[]): readonly string[] {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].toSorted();
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

async function licenseText(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice)(\b|-|_)/i.test(name));
  if (names.length === 0) return undefined;
  const texts = await Promise.all(
    names.sort().map(async (name) => await readFile(join(folder, name), 'utf8')),
  );
  return texts.map((text) => text.trim()).join('\n\n');
}
