/** Why joules are null: the worker has no meter. */
export const noMeterReason = 'no meter';
