import { basename, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { compile, downloadModules, makeFolder, type BuildOptions } from './cluster/go-build.ts';
import { findGo } from './cluster/go.ts';
import { isThere } from './cluster/kubernetes.ts';
import { goToolFolder, type GoTool } from './go-tool.ts';
import { runSetUp } from './run-set-up.ts';
import { explainFileError } from './tensorflow/file-error.ts';

/** The program that builds a tool for the tests, with `--for-tests` and `--help`; gives its exit code. */
export async function runGoToolSetUp(tool: GoTool, script: string): Promise<number> {
  const help = `Usage: node scripts/${basename(script)} [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the tests that need
               ${tool.module.name} are then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CACHE  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;
  const setUp = async (options: BuildOptions): Promise<void> => await setUpGoTool(tool, options);
  return await runSetUp({ help, what: tool.module.name, setUp });
}

/** Builds a tool, where that has not been done. */
export async function setUpGoTool(tool: GoTool, options: BuildOptions): Promise<void> {
  const folder = await goToolFolder(tool);
  if (!(await isThere(folder))) {
    try {
      await buildGoTool(tool, folder, options);
    } catch (error) {
      const { name } = tool.module;
      throw explainFileError(error, cacheFolder(), { name, room: `${tool.cost.result} there` });
    }
  }
  options.output.write(`Ready: ${await tool.title()} for the tests.\n`);
}

/** The folder is whole or absent. */
async function buildGoTool(tool: GoTool, folder: string, options: BuildOptions): Promise<void> {
  const { module, cost, tags } = tool;
  const go = await findGo(module);
  const linkerOptions = await tool.linkerOptions();
  const programs = Object.entries(tool.programs);
  const proof = programs.at(-1)?.[0] ?? '';
  await makeFolder(folder, proof, async (partial) => {
    options.output.write(
      `Waiting for the build of ${await tool.title()} from source, for the tests (${cost.time}, once a machine) ...\n`,
    );
    await tool.addTo?.(partial, go, options);
    await downloadModules(go, module, options);
    for (const [name, path] of programs) {
      const program = { package: path, to: join(partial, name), linkerOptions, ...(tags && { tags }) };
      await compile(go, { module, program, room: `${cost.build} of disk` }, options);
    }
  });
}
