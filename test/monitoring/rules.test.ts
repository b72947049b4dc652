import { fileURLToPath } from 'node:url';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cannotRun } from '../cluster/cannot-run.ts';
import { alertsFile } from './alerts.ts';
import { prometheusSuite, whyNoPrometheus } from './requirements.ts';
import { runPromtool } from './run-promtool.ts';

const testsFile = fileURLToPath(new URL('alerts.test.yaml', import.meta.url));

describe.skipIf(cannotRun(prometheusSuite, await whyNoPrometheus()))('the alerts, to promtool', () => {
  test('are rules without a mistake', async () => {
    expect(await runPromtool(['check', 'rules', '--lint=all', '--lint-fatal', alertsFile])).toEqual({
      code: 0,
      said: expect.stringMatching(/SUCCESS: 12 rules found/) as unknown,
    });
  });

  test('fire when they should, and at nothing that is close to it', async () => {
    expect(await runPromtool(['test', 'rules', testsFile])).toMatchObject({ code: 0 });
  });

  test('would fail these tests with another threshold', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-alerts-'));
    const rules = join(folder.path, 'alerts.yaml');
    await writeFile(
      rules,
      (await readFile(alertsFile, 'utf8')).replace('seconds) > 3600', 'seconds) > 7200'),
    );
    const tests = join(folder.path, 'tests.yaml');
    await writeFile(
      tests,
      (await readFile(testsFile, 'utf8')).replace(/^rule_files: .*$/m, `rule_files: [${rules}]`),
    );
    const { code, said } = await runPromtool(['test', 'rules', tests]);
    expect(code).toBe(1);
    expect(said).toContain('BlockstillUnitsWait');
  });
});
