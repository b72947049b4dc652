import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

interface Variable {
  readonly name: string;
  readonly type: string;
  /** Of variables that Prometheus is asked for. */
  readonly definition?: string;
}

const file = fileURLToPath(new URL('../../helm/dashboards/blockstill.json', import.meta.url));

export async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(file, 'utf8')) as Dashboard;
}

export interface PanelQuery {
  readonly title: string;
  readonly expr: string;
}

/** What the panels ask Prometheus, with the choices that a user makes filled in as Grafana does it. */
export function queriesOf(
  { panels }: Dashboard,
  chosen: Readonly<Record<'namespace' | 'job' | '__rate_interval' | '__range', string>>,
): readonly PanelQuery[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll(/\$(\w+)/g, (whole, name: string) =>
        name in chosen ? chosen[name as keyof typeof chosen] : whole,
      ),
    })),
  );
}
