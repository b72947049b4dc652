import { readlinkSync } from 'node:fs';

/** The namespace that Linux boots with: `PROC_PID_INIT_INO` of its include/linux/proc_ns.h. */
const initialNamespace = 'pid:[4026531836]';

/**
 * This process' id as the NVIDIA driver knows it, which is that of the machine. Undefined in a container, where ids are
 * its own.
 */
export function ownProcess(link = '/proc/self/ns/pid'): number | undefined {
  try {
    return readlinkSync(link) === initialNamespace ? process.pid : undefined;
  } catch {
    // No Linux, or no /proc: nothing can be told of ids then.
    return undefined;
  }
}
