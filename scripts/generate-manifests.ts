/** Renders helm/manifests from the chart; needs Helm, which scripts/setup-helm.ts builds. */
import { fileURLToPath } from 'node:url';
import { writeFileAtomically } from '../common/files.ts';
import packageFile from '../package.json' with { type: 'json' };
import { whyNoHelm } from './helm/helm.ts';
import { template } from './helm/run-helm.ts';
import { manifestRelease, manifestValues, plainManifests } from './helm/plain-manifests.ts';

async function main(): Promise<void> {
  const reason = await whyNoHelm();
  if (reason !== undefined) {
    console.log(`helm/manifests is left as it is: ${reason}.`);
    return;
  }
  const { code, stdout, stderr } = await template(manifestValues(packageFile.version), manifestRelease);
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  for (const { name, content } of await plainManifests(stdout)) {
    const path = fileURLToPath(new URL(`../helm/manifests/${name}`, import.meta.url));
    await writeFileAtomically(path, content);
  }
}

await main();
