/** Builds kubeconform and kube-score for the checks of chart and manifests, once a machine. */
import { checkers } from './checkers/checkers.ts';
import { runGoToolSetUp } from './set-up-go-tool.ts';

process.exitCode = await runGoToolSetUp(checkers, import.meta.filename);
