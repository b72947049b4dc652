#!/usr/bin/env node
// What kubectl asks for completions, under the name kubectl_complete-blockstill.
await import('./check-node.mjs');
process.argv.splice(2, 0, '__complete');
await import('../dist/blockstill.mjs');
