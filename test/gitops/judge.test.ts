import { describe, expect, test } from 'vitest';
import { cannotRun } from '../cluster/cannot-run.ts';
import { isSynced, judge, type Verdict } from './judge.ts';
import { whyNoJudge } from './requirements.ts';

/** Of a kind that no tool knows. */
const object = {
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: { name: 'a', generation: 2 },
  spec: { sizes: [{ width: 1 }] },
};

async function judged(script?: string, change: object = {}): Promise<Verdict> {
  const [verdict] = await judge([{ ...object, ...change }], script);
  if (verdict === undefined) throw new Error('The judge said nothing.');
  return verdict;
}

describe.skipIf(cannotRun('The judge of health', await whyNoJudge()))('the judge', () => {
  test.each([
    ['return { status = string.upper("healthy") }', 'attempt to index a non-table object(nil)'],
    ['return { status = math.huge }', 'attempt to index a non-table object(nil)'],
    ['return { status = ("x"):rep(2) }', 'attempt to index a non-table object(string)'],
    ['while true do end', 'context deadline exceeded'],
    ['return "Healthy"', 'expect table output from Lua script, not string'],
    ['return {', 'at EOF'],
  ])('lets a script do no more than Argo CD does: %s', async (script, error) => {
    const { argo } = await judged(script);
    expect(argo.status).toBe('Unknown');
    expect(argo.error).toContain(error);
  });

  test('gives a script the whole object, and the functions that Argo CD gives', async () => {
    const script = `
      local words = {}
      for _, size in ipairs(obj.spec.sizes) do table.insert(words, tostring(size.width + obj.metadata.generation)) end
      return { status = "Healthy", message = table.concat(words, ",") }`;
    expect((await judged(script)).argo).toEqual({ status: 'Healthy', message: '3' });
  });

  test('takes no word for a health that is none', async () => {
    const { argo } = await judged('return { status = "Fine" }');
    expect(argo).toEqual({ status: 'Unknown', message: 'Lua returned an invalid health status' });
  });

  test('is told by Flux of a status that is not there, and by kstatus that a kind without one is current', async () => {
    const { kstatus, flux } = await judged();
    expect(kstatus.status).toBe('Current');
    expect(flux.result.error).toContain('no such attribute');
  });

  test('has Argo CD compare what a manifest says, and nothing else', async () => {
    const live = { ...object, spec: { sizes: [{ width: 1, height: 2 }], color: 'red' } };
    expect(await isSynced({ target: object, live })).toBe(true);
    const other = { ...object, spec: { sizes: [{ width: 3 }] } };
    expect(await isSynced({ target: other, live })).toBe(false);
    const more = { ...object, spec: { sizes: [{ width: 1 }, { width: 2 }] } };
    expect(await isSynced({ target: more, live })).toBe(false);
  });
});
