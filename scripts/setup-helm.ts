/** Builds Helm for the tests of the chart, once a machine. */
import { helm } from './helm/helm.ts';
import { runGoToolSetUp } from './set-up-go-tool.ts';

process.exitCode = await runGoToolSetUp(helm, import.meta.filename);
