import { mainProgram } from './program/main-program.ts';
import { DistillationJobController } from './cluster/distillation-job-controller.ts';

process.exit(
  await mainProgram({
    args: process.argv.slice(2),
    environment: process.env,
    createController: (run) => new DistillationJobController(run),
  }),
);
