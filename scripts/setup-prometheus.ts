/** Builds Prometheus and promtool for the tests, once a machine. */
import { prometheus } from './prometheus/prometheus.ts';
import { runGoToolSetUp } from './set-up-go-tool.ts';

process.exitCode = await runGoToolSetUp(prometheus, import.meta.filename);
