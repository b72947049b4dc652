import type { Terminal } from '../terminal.ts';
import { blockLine } from './block-lines.ts';
import { elapsedSeconds } from './job-update.ts';
import { printable } from './printable.ts';
import { headerText, type ProgressView } from './progress-view.ts';
import { styles } from './style.ts';

const lineEverySeconds = 10;

/** Lines with a time, for logs: one for everything that happens, and one every ten seconds in between. */
export function plainView(name: string, terminal: Terminal, now: () => Date): ProgressView {
  const started = now();
  const style = styles(false);
  let lastLine: Date | undefined;
  const states = new Map<string, string>();
  const print = (text: string): void => {
    lastLine = now();
    terminal.write(`${lastLine.toISOString()} ${text}\n`);
  };
  return {
    update: (told) => {
      const update = printable(told);
      const before = lastLine;
      for (const { type, reason, message } of update.events) {
        if (reason.startsWith('Block')) continue;
        print(`${type === 'Warning' ? 'warning: ' : ''}${message}`);
      }
      for (const block of update.status.blocks ?? []) {
        if (states.get(block.name) === block.state) continue;
        states.set(block.name, block.state);
        if (block.state === 'Running') print(`${block.name}  started`);
        else if (block.state !== 'Pending') print(blockLine(block, update, { nameWidth: 0, style }));
      }
      const silent = lastLine === undefined ? Infinity : (now().getTime() - lastLine.getTime()) / 1000;
      if (lastLine === before && silent >= lineEverySeconds) {
        print(headerText(name, update, elapsedSeconds(update, started, now())));
      }
    },
    close: () => undefined,
  };
}
