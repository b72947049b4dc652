import { BlockstillError } from '../../common/error.ts';
import { runCommand } from './command.ts';

interface Tool {
  readonly name: string;
  readonly purpose: string;
  readonly howToGet: string;
  /** A call that succeeds where the tool is there. */
  readonly check: readonly [string, ...string[]];
}

const python: Tool = {
  name: 'python3',
  purpose: 'to run pip',
  howToGet: 'Debian, Ubuntu: apt-get install python3 python3-pip; Fedora: dnf install python3 python3-pip',
  check: ['python3', '--version'],
};
const pip: Tool = {
  name: 'pip for python3',
  purpose: 'to download TensorFlow, which is published as a Python package',
  howToGet: 'Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip',
  check: ['python3', '-m', 'pip', '--version'],
};
const compiler: Tool = {
  name: 'g++',
  purpose: "to build TensorFlow's Node binding",
  howToGet: 'Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++',
  check: ['g++', '--version'],
};

/**
 * Fails before anything is downloaded when a program is missing that the rest will need.
 *
 * @throws BlockstillError `setup/missing-tools` that names each one, what it is for and how to get it.
 */
export async function requireTools(needs: { download: boolean; compile: boolean }): Promise<void> {
  const missing: Tool[] = [];
  if (needs.download) {
    if (!(await isThere(python))) missing.push(python);
    else if (!(await isThere(pip))) missing.push(pip);
  }
  if (needs.compile && !(await isThere(compiler))) missing.push(compiler);
  if (missing.length === 0) return;
  const names = missing.map((tool) => tool.name).join(' and ');
  const lines = missing.map((tool) => `  ${tool.name}, ${tool.purpose}. ${tool.howToGet}`);
  if (needs.download) {
    lines.push(
      'No download is needed where BLOCKSTILL_TENSORFLOW_DIR names a folder with a TensorFlow C library.',
    );
  }
  throw new BlockstillError('setup/missing-tools', `This machine has no ${names}.`, {
    hint: `Please install, then run the same command again:\n${lines.join('\n')}`,
  });
}

async function isThere(tool: Tool): Promise<boolean> {
  const [program, ...rest] = tool.check;
  return (await runCommand(program, rest)).code === 0;
}
