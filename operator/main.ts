import { setFlagsFromString } from 'node:v8';
import { mainProgram } from './program/main-program.ts';
import { DistillationJobController } from './cluster/distillation-job-controller.ts';

// It runs for months beside what matters, and has time: its heap then grows by little between two collections.
setFlagsFromString('--optimize-for-size');

process.exit(
  await mainProgram({
    args: process.argv.slice(2),
    environment: process.env,
    createController: (run) => new DistillationJobController(run),
  }),
);
