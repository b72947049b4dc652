import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { at } from '../../../operator/decide/builders.ts';
import { resNet50Job } from '../../../test/report/resnet50-job.ts';
import { buildReport } from '../build-report.ts';
import type { ReportInput } from '../report-input.ts';
import { renderPage } from './page.ts';

const whole = resNet50Job();
const page = (input: ReportInput): string => renderPage(buildReport(input, at(0)));

/** As a browser's parser sees it. */
function parsed(text: string) {
  const { document } = parseHTML(text);
  const texts = (selector: string): string[] =>
    [...document.querySelectorAll(selector)].map(({ textContent }) => textContent ?? '');
  return { document, texts };
}

describe('the page', () => {
  test('has every section, and says of each figure in short what it is', () => {
    const { texts } = parsed(page(whole));
    expect(texts('main > section > h2')).toEqual([
      'Where the time went',
      'Where the energy went',
      'Speedup',
      'Accuracy by stage',
      'Size, multiplications and latency',
      'Loss curves',
      'Blocks',
      'All figures of the run',
    ]);
    expect(texts('.card dt')).toEqual([
      'Accuracy',
      'Size',
      'Multiplications',
      'Latency',
      'Speedup',
      'Energy',
    ]);
    expect(texts('.card strong')).toContain('3.21x measured');
  });

  test('names every picture and describes it', () => {
    const { document } = parsed(page(whole));
    const pictures = [...document.querySelectorAll('svg[role=img]')];
    expect(pictures.length).toBeGreaterThan(16);
    for (const picture of pictures) {
      for (const reference of ['aria-labelledby', 'aria-describedby']) {
        const named = document.querySelectorAll(`[id="${picture.getAttribute(reference)}"]`);
        expect(named).toHaveLength(1);
        expect(named[0]?.textContent).not.toBe('');
      }
    }
  });

  test('loads nothing and runs nothing', () => {
    const { document } = parsed(page(whole));
    expect(document.querySelectorAll('script, link, img, iframe, object, embed, image, use')).toHaveLength(0);
    expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'",
    );
    expect(page(whole)).not.toMatch(/url\((?!#)|@import|https?:\/\/(?!www\.w3\.org)/);
  });

  test("tells a block's latency before and after, and the memory it took, in its row", () => {
    const { document } = parsed(page(whole));
    const cellsOf = (caption: string, block: string): (string | null)[] => {
      const rows = [...document.querySelectorAll(`[aria-label="${caption}"] tr`)];
      const row = rows.find((each) => each.querySelector('th')?.textContent?.includes(block));
      return [...(row?.querySelectorAll('td') ?? [])].map(({ textContent }) => textContent?.trim() ?? null);
    };
    const [, second] = whole.status.blocks ?? [];
    const cost = cellsOf('Size, multiplications and times, a block at a time', second?.name ?? '');
    expect(cost).toEqual(expect.arrayContaining(['3.1 to 1.24 ms (2.50x)', '64']));
    const memory = cellsOf('How each block was trained', second?.name ?? '');
    // 2,400,000,000 and 5,100,000,000 bytes.
    expect(memory).toEqual(expect.arrayContaining(['2289 MiB', '4864 MiB']));
  });

  test('takes no name for HTML, wherever it stands', () => {
    const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`;
    const text = JSON.stringify({ ...whole, details: { ...whole.details, finetune: whole.details.finetune } })
      .replaceAll('conv4_block3_2_conv', JSON.stringify(evil).slice(1, -1))
      .replaceAll('The node was drained.', JSON.stringify(evil).slice(1, -1));
    const input = JSON.parse(text, (key, value: unknown) =>
      (key === 'asOf' || key === 'startTime' || key === 'endTime') && typeof value === 'string'
        ? new Date(value)
        : value,
    ) as ReportInput;
    const statusText = JSON.parse(JSON.stringify(input.status)) as ReportInput['status'];
    const { document } = parsed(
      page({ ...input, job: { ...input.job, name: evil }, status: statusText, whyNoDetails: evil }),
    );
    expect(document.querySelectorAll('script, img, [onerror]')).toHaveLength(0);
    expect(document.querySelector('h1')?.textContent).toBe(evil);
    expect(document.querySelector('#blocks')?.textContent).toContain(evil);
  });

  test('says why, where something is unknown', () => {
    const reason = 'The exchange is not on this machine.';
    const { texts } = parsed(page({ ...whole, details: undefined, whyNoDetails: reason }));
    expect(texts('#losses .reason')).toContain(`Unknown: ${reason}`);
    expect(texts('.warnings li')[0]).toContain(reason);
    const unmetered = { ...whole.status, energy: { reason: 'no meter' } };
    expect(parsed(page({ ...whole, status: unmetered })).texts('#energy .reason')).toEqual([
      'Unknown: no meter',
    ]);
  });

  test('can be made of a job that has not started', () => {
    const { texts } = parsed(page({ ...whole, details: undefined, status: {} }));
    expect(texts('.card strong').every((value) => value === 'unknown')).toBe(true);
    expect(texts('#time .reason')).toContain('Unknown: Nothing has started.');
  });
});

describe('the energy', () => {
  const formula = '100 x (1 - EN / E1), EN = 9 kJ, E1 = 10 kJ: GPU in use, distill stage';
  const baseline = { mode: 'Measure', state: 'Known', joules: 10_000 } as const;
  const joules = { joules: 10_000, coverage: ['GPU' as const] };
  const shown = (status: Partial<ReportInput['status']>) => {
    const { document, texts } = parsed(page({ ...whole, status: { ...whole.status, ...status } }));
    const card = texts('.card')
      .find((text) => text.includes('Energy'))
      ?.replace(/\s+/g, ' ')
      .trim();
    const section = texts('#energy > p').map((text) => text.replace(/\s+/g, ' ').trim());
    return { card, section, all: document.querySelector('body')?.textContent ?? '' };
  };

  test('of the job and the saving of a part of it are told apart', () => {
    const { card, section } = shown({ baseline, energy: { ...joules, savingPercent: 10, formula } });
    expect(section).toEqual([
      'The job used 10 kJ (0.00278 kWh) in all its stages together, counting GPU, while units ran on the devices.',
      'The distill stage drew 10.0% less than the baseline, counting GPU in use: 100 x (1 - EN / E1), EN = 9 kJ, E1 = 10 kJ.',
    ]);
    expect(card).toContain(
      '0.00278 kWh; GPU; devices in use, all stages. Of the distill stage, GPU in use: 10.0% less than the baseline',
    );
  });

  test('with a baseline, a saving that is unknown is so for the reason of the status', () => {
    const reason = 'No saving is known: 1 of 3 units to compare are not done.';
    const { card, section, all } = shown({ baseline, energy: { ...joules, reason } });
    expect(section.slice(1)).toEqual([reason]);
    expect(card).toContain(`all stages. ${reason}`);
    expect(all).not.toMatch(/no measured baseline|Only a measured serial run/);
  });

  test('without a baseline, nothing tells', () => {
    const { card, section, all } = shown({ baseline: undefined, energy: joules });
    expect(section[1]).toContain('there is no measured baseline');
    expect(card).toContain('Saving unknown: no measured baseline');
    expect(all).toContain('Only a measured serial run can tell.');
  });
});
