/** Which rows of a long list are in sight, following its scrolling and its size. */

import { createMemo, createSignal, onCleanup, onMount } from 'solid-js';
import { inSight } from '../calc/watchlist.ts';

export function createWindow(
  box: () => HTMLElement | undefined,
  count: () => number,
  row_px: number,
) {
  const [scrolled_px, setScrolled] = createSignal(0);
  const [height_px, setHeight] = createSignal(600);
  onMount(() => {
    const element = box();
    if (!element) return;
    const measure = () => setHeight(element.clientHeight);
    const follow = () => setScrolled(element.scrollTop);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', follow, { passive: true });
    measure();
    onCleanup(() => {
      observer.disconnect();
      element.removeEventListener('scroll', follow);
    });
  });
  const span = createMemo(() => inSight(count(), row_px, scrolled_px(), height_px()), undefined, {
    equals: (before, after) => before.first === after.first && before.end === after.end,
  });
  return { span, scrolled_px };
}
