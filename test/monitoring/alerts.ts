import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

export const alertsFile = fileURLToPath(new URL('../../helm/monitoring/alerts.yaml', import.meta.url));

export async function readAlerts(): Promise<readonly Alert[]> {
  const { groups } = parse(await readFile(alertsFile, 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Alert[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}
