import { nativePackages } from '../bundle.ts';

/** What the published package takes over of the repository's own package.json. */
export interface OwnManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * The package.json of what is published: programs that are bundled already depend on little. The repository's own is
 * private, so that its sources, which Node doesn't run in `node_modules`, are never published by mistake.
 *
 * @param repository `owner/name` on GitHub, which npm compares with where a package was built
 */
export function npmManifest(own: OwnManifest, repository: string | undefined): object {
  const { name, version, description, license, engines, dependencies } = own;
  const url = repository === undefined ? undefined : `https://github.com/${repository}`;
  return {
    name,
    version,
    description,
    keywords: [
      'kubernetes',
      'operator',
      'kubectl-plugin',
      'knowledge-distillation',
      'model-compression',
      'tensorflow',
    ],
    license,
    type: 'module',
    ...(url === undefined
      ? {}
      : {
          homepage: `${url}#readme`,
          bugs: `${url}/issues`,
          repository: { type: 'git', url: `git+${url}.git` },
        }),
    engines,
    bin: {
      blockstill: 'bin/blockstill.mjs',
      'blockstill-operator': 'bin/blockstill-operator.mjs',
      'kubectl-blockstill': 'bin/blockstill.mjs',
      'kubectl_complete-blockstill': 'bin/kubectl-complete-blockstill.mjs',
    },
    files: ['bin', 'dist', 'THIRD-PARTY-LICENSES.txt'],
    dependencies: Object.fromEntries(nativePackages.map((each) => [each, dependencies[each]])),
    publishConfig: { access: 'public', provenance: true },
  };
}
