import type { DistillationJobStatus } from '../../crds/status.ts';
import type { JobEvent } from './decision.ts';
import type { Observed } from './observed.ts';

/** What is worth an event: only what changed since the status was last written. */
export function eventsOf(status: DistillationJobStatus, observed: Observed): JobEvent[] {
  return [...phaseEvents(status, observed), ...blockEvents(status, observed)];
}

function phaseEvents(status: DistillationJobStatus, { previous, policy }: Observed): JobEvent[] {
  const { phase } = status;
  if (phase === undefined || phase === previous?.phase) return [];
  const condition = status.conditions?.find(({ type }) => type === 'Ready');
  const events: JobEvent[] = [
    { type: phase === 'Failed' ? 'Warning' : 'Normal', reason: phase, message: condition?.message ?? phase },
  ];
  const ceiling = status.speedup?.ceiling;
  const asked = policy.maxParallel;
  if (phase === 'Distilling' && ceiling !== undefined && asked !== undefined && asked > Math.ceil(ceiling)) {
    const message = `maxParallel is ${asked}, but no more than ${Math.ceil(ceiling)} workers can help: the longest unit alone sets the time (ceiling ${ceiling.toFixed(2)}x).`;
    events.push({ type: 'Warning', reason: 'MoreWorkersThanHelp', message });
  }
  return events;
}

function blockEvents(status: DistillationJobStatus, { previous }: Observed): JobEvent[] {
  const earlier = new Map(previous?.blocks?.map((block) => [block.name, block.state]));
  return (status.blocks ?? []).flatMap((block): JobEvent[] => {
    if (earlier.get(block.name) === block.state) return [];
    switch (block.state) {
      case 'Distilled':
        return [{ type: 'Normal', reason: 'BlockDistilled', message: `Block ${block.name} is distilled.` }];
      case 'Collapsed':
      case 'Failed':
        return [
          {
            type: 'Warning',
            reason: `Block${block.state}`,
            message: `Block ${block.name} stays the teacher's: ${block.reason ?? 'no reason given'}`,
          },
        ];
      default:
        return [];
    }
  });
}
