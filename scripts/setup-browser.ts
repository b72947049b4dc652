/** Installs the browser that tests look at reports with, and says where it is. */
import { chromiumProgram, installChromium, whyNoBrowser } from './browser/chromium.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { runSetUp } from './run-set-up.ts';

const help = `Usage: node scripts/setup-browser.ts [--for-tests]

  --for-tests  where this machine can't install it, say so and succeed: the tests that need a browser are then skipped.
               With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CHROMIUM  the program of a Chromium to use (default: /usr/bin/chromium, Debian's)
`;

async function setUp(options: BuildOptions): Promise<void> {
  if ((await whyNoBrowser()) !== undefined) await installChromium(options);
  options.output.write(`Ready: ${chromiumProgram()} for the tests.\n`);
}

process.exitCode = await runSetUp({ help, what: 'a browser', setUp });
