/** Builds what the tests of GitOps need, once a machine. */
import { judge } from './gitops/judge.ts';
import { runGoToolSetUp } from './set-up-go-tool.ts';

process.exitCode = await runGoToolSetUp(judge, import.meta.filename);
