/** A card as NVML shows it. */
interface Card {
  readonly device: string;
  readonly model?: string | undefined;
}

/**
 * The UUIDs of GPUs by the names that CUDA_VISIBLE_DEVICES takes; those that can't be told from others are left out.
 *
 * @param cards all of the machine, by their places on the bus. CUDA has the fastest first, unless told otherwise, so that
 *   places agree only where all cards are of one model
 */
export function givenGpus(
  names: readonly string[],
  cards: readonly Card[],
  environment: NodeJS.ProcessEnv,
): readonly string[] {
  const inOrder =
    environment['CUDA_DEVICE_ORDER'] === 'PCI_BUS_ID' || new Set(cards.map(({ model }) => model)).size === 1;
  return names.flatMap((name) => {
    if (/^\d+$/.test(name)) return inOrder ? (cards[Number(name)]?.device ?? []) : [];
    const matching = cards.filter(({ device }) => device.startsWith(name));
    return matching.length === 1 ? matching.map(({ device }) => device) : [];
  });
}
