/** Which instruments of the watchlist are shown, and where arrow keys lead. */

/** Names that hold every word of the query, in any case. */
export function matching(names: string[], query: string): string[] {
  const words = query
    .toUpperCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return names;
  return names.filter((name) => {
    const upper = name.toUpperCase();
    return words.every((word) => upper.includes(word));
  });
}

/** The name `steps` further down (or up), held at the ends; the first one where `from` is not among them. */
export function stepped(names: string[], from: string | null, steps: number): string | null {
  const at = from === null ? -1 : names.indexOf(from);
  if (at === -1) return (steps < 0 ? names.at(-1) : names[0]) ?? null;
  return names[Math.min(names.length - 1, Math.max(0, at + steps))] ?? null;
}

/** The rows of a long list that are in sight, with a few more on either side. */
export function inSight(
  count: number,
  row_px: number,
  scrolled_px: number,
  height_px: number,
): { first: number; end: number } {
  const spare = 6;
  const first = Math.max(0, Math.floor(scrolled_px / row_px) - spare);
  const shown = Math.ceil(height_px / row_px) + 2 * spare;
  return {
    first: Math.min(first, Math.max(0, count - shown)),
    end: Math.min(count, first + shown),
  };
}
