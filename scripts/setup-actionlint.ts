/** Builds actionlint for the test of the workflows, once a machine. */
import { actionlint } from './actionlint/actionlint.ts';
import { runGoToolSetUp } from './set-up-go-tool.ts';

process.exitCode = await runGoToolSetUp(actionlint, import.meta.filename);
