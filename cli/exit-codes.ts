/** How the command line ends. The numbers above 2 are those of sysexits(3), and 128 + 2 for an interrupt. */
export const exitCodes = {
  /** The job is complete, the manifest is valid, or what was asked for was printed or done. */
  Success: 0,
  /** The job failed, or something broke. */
  Failed: 1,
  /** The command itself was written wrongly. */
  Usage: 2,
  /**
   * Manifest, model or data are not what they must be, the GPU is missing; or there is no such cluster, job or block, or
   * no right to it: running again will not help.
   */
  InvalidInput: 64,
  /** The cluster does not answer. */
  Unavailable: 69,
  /** Another run of the same job is active: try again later. */
  Busy: 75,
  /** Stopped by Ctrl-C or SIGTERM, or by the end of who read it; the same command goes on. */
  Interrupted: 130,
} as const;

export const exitCodesHelp = `
Exit codes:
  0    the job is complete (or was already), the manifest is valid, the status was printed
  1    the job failed: the status says why, and the student, if there is one, is kept for inspection
  2    the command was not understood
  64   bad input: manifest, model or data, or no GPU; no such cluster, job or block, or no right to it;
       running again without a change will not help
  69   the cluster does not answer
  75   another run of the same job is active
  130  interrupted; run the same command to resume`;
