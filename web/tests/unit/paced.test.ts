import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { paced } from '../../src/views/paced.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('hands on at once, then together with what comes when it is due, and forgets nothing', () => {
  const handed: number[][] = [];
  const pace = paced((things: number[]) => handed.push(things), 100);
  for (const [thing, wait_ms] of [50, 48, 51, 1_000, 50].entries()) {
    pace.add([thing]);
    vi.advanceTimersByTime(wait_ms);
  }
  expect(handed).toEqual([[0], [1, 2], [3], [4]]);
});

it('hands on the last of them though nothing follows it', () => {
  const handed: number[][] = [];
  const pace = paced((things: number[]) => handed.push(things), 100);
  pace.add([1]);
  pace.add([2]);
  vi.advanceTimersByTime(149);
  expect(handed).toEqual([[1]]);
  vi.advanceTimersByTime(1);
  expect(handed).toEqual([[1], [2]]);
});

it('begins anew once it is cleared', () => {
  const handed: number[][] = [];
  const pace = paced((things: number[]) => handed.push(things), 100);
  pace.add([1]);
  pace.add([2]);
  pace.clear();
  pace.add([3]);
  vi.advanceTimersByTime(1_000);
  expect(handed).toEqual([[1], [3]]);
});
