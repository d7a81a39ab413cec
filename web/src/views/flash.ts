/**
 * Short tints on figures that moved. One figure is tinted at most every so often, and all are cleared together: at
 * a thousand changes a second the eye gets a shimmer, and the thread hardly anything to do.
 */

const LIT_MS = 260;
/** From one tint of a figure to its next: not the same for all, or the whole list would blink as one. */
const REST_MS = { least: 800, most: 2_400 };
/** Where nothing moves any more that would clear the tints in passing. */
const IDLE_SWEEP_MS = 2 * LIT_MS;

const tinted = new Map<HTMLElement, { dark_ms: number; rested_ms: number }>();
let swept_ms = 0;
let idle: ReturnType<typeof setTimeout> | undefined;

export function flash(element: HTMLElement, way: 'up' | 'down'): void {
  const now_ms = performance.now();
  // In passing: the page is about to be painted anyway, and a timer would have it painted once more.
  if (LIT_MS / 2 < now_ms - swept_ms) sweep(now_ms);
  if (tinted.has(element)) return;
  element.dataset.flash = way;
  const rest_ms = REST_MS.least + Math.random() * (REST_MS.most - REST_MS.least);
  tinted.set(element, { dark_ms: now_ms + LIT_MS, rested_ms: now_ms + rest_ms });
  if (idle === undefined) idle = setTimeout(sweepIdle, IDLE_SWEEP_MS);
}

function sweepIdle(): void {
  const now_ms = performance.now();
  if (LIT_MS < now_ms - swept_ms) sweep(now_ms);
  idle = tinted.size === 0 ? undefined : setTimeout(sweepIdle, IDLE_SWEEP_MS);
}

function sweep(now_ms: number): void {
  swept_ms = now_ms;
  for (const [element, { dark_ms, rested_ms }] of tinted) {
    if (dark_ms <= now_ms) delete element.dataset.flash;
    if (rested_ms <= now_ms) tinted.delete(element);
  }
}
