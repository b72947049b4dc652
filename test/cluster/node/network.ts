import { randomInt } from 'node:crypto';
import { lastLines, runCommand } from '../../../scripts/tensorflow/command.ts';

/** The link between this machine and a node, and the addresses at both ends. */
export interface NodeNetwork extends AsyncDisposable {
  readonly host: string;
  readonly node: string;
  /** The range of the pods' addresses, such as `10.202.7.0/24`. */
  readonly pods: string;
}

/** How many clusters one machine can have at the same time. */
const slots = 250;

/**
 * Links this machine with the network namespace of a node, which has no other way out: pods and this machine reach each
 * other, and nothing reaches any other machine.
 *
 * @param namespaceOwner - the id of a process in the namespace
 */
export async function connectNode(namespaceOwner: number): Promise<NodeNetwork> {
  const slot = await makeLink(namespaceOwner);
  const name = `blockstill${slot}`;
  const [host, node, pods] = [`10.201.${slot}.1`, `10.201.${slot}.2`, `10.202.${slot}.0/24`];
  const inNode = ['nsenter', '--target', String(namespaceOwner), '--net', '--'] as const;
  await run('ip', ['address', 'add', `${host}/30`, 'dev', name]);
  await run('ip', ['link', 'set', name, 'up']);
  await run(...inNode, 'ip', ['address', 'add', `${node}/30`, 'dev', 'eth0']);
  await run(...inNode, 'ip', ['link', 'set', 'eth0', 'up']);
  await run(...inNode, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  await run('ip', ['route', 'add', pods, 'via', node]);
  return {
    host,
    node,
    pods,
    [Symbol.asyncDispose]: async () => {
      // The link goes with the node's namespace; this is for a node that never came to life.
      await runCommand('ip', ['link', 'delete', name]);
    },
  };
}

/** Makes a link in the first free slot from a random one on; the name of the link is the lock on the slot. */
async function makeLink(namespaceOwner: number): Promise<number> {
  const first = randomInt(slots);
  let said = '';
  for (let step = 0; step < slots; step += 1) {
    const slot = 1 + ((first + step) % slots);
    const peer = ['peer', 'name', 'eth0', 'netns', String(namespaceOwner)];
    const result = await runCommand('ip', ['link', 'add', `blockstill${slot}`, 'type', 'veth', ...peer]);
    if (result.code === 0) return slot;
    said = result.stderr;
    if (!said.includes('File exists')) break;
  }
  throw new Error(`No network link could be made for the node: ${lastLines(said)}`);
}

async function run(...call: readonly [string, ...string[], readonly string[]]): Promise<void> {
  const [program, ...rest] = call.flat();
  const result = await runCommand(program ?? '', rest);
  if (result.code !== 0) throw new Error(`${call.flat().join(' ')}: ${lastLines(result.stderr)}`);
}
