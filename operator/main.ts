import { mainProgram } from './program/main-program.ts';
import { watchingController } from './program/testing/watching-controller.ts';

process.exit(
  await mainProgram({
    args: process.argv.slice(2),
    environment: process.env,
    createController: watchingController,
  }),
);
