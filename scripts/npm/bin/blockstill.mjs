#!/usr/bin/env node
await import('./check-node.mjs');
await import('../dist/blockstill.mjs');
