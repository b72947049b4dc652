// Runs on any Node that has modules, so that an older one says more than where it stumbled.
import * as module from 'node:module';

const minimum = 24;
if (Number(process.versions.node.split('.')[0]) < minimum) {
  console.error(
    `Blockstill needs Node ${minimum} or newer; this is ${process.versions.node}. Install a newer Node and run the same command again.`,
  );
  process.exit(1);
}
// Node keeps what it compiled, so that the next start takes half the time.
module.enableCompileCache?.();
