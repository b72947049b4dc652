/**
 * A process whose energy is measured, for tests that kill it: prints its readings as a line of JSON once it has begun, and
 * again for every line that it is sent.
 */
import { createInterface } from 'node:readline';
import { EnergyMeter } from '../../worker/energy/energy-meter.ts';

await using meter = await EnergyMeter.start({ device: 'GPU', environment: process.env });
console.log(JSON.stringify(await meter.mark()));
for await (const _line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await meter.mark()));
}
