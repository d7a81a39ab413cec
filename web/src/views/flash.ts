/**
 * Short tints on figures that moved. One figure is tinted at most every so often, and one timer clears them
 * all: at a thousand changes a second the eye gets a shimmer, and the thread hardly anything to do.
 */

const LIT_MS = 260;
const REST_MS = 1_200;

const lit = new Map<HTMLElement, number>();
let sweeping: ReturnType<typeof setTimeout> | undefined;

export function flash(element: HTMLElement, way: 'up' | 'down'): void {
  if (lit.has(element)) return;
  element.dataset.flash = way;
  lit.set(element, performance.now());
  if (sweeping === undefined) sweeping = setTimeout(sweep, LIT_MS);
}

function sweep(): void {
  const now_ms = performance.now();
  for (const [element, since_ms] of lit) {
    if (since_ms + LIT_MS <= now_ms) delete element.dataset.flash;
    if (since_ms + REST_MS <= now_ms) lit.delete(element);
  }
  sweeping = lit.size === 0 ? undefined : setTimeout(sweep, LIT_MS / 2);
}
