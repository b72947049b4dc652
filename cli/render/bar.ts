/** `[#######-------------]`: `share` of the inner width is filled. */
export function bar(share: number, width: number): string {
  const inner = Math.max(1, width - 2);
  const filled = Math.floor(Math.min(1, Math.max(0, share)) * inner);
  return `[${'#'.repeat(filled)}${'-'.repeat(inner - filled)}]`;
}
