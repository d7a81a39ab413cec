/** An exact figure in a cell: tinted for a moment when it rises or falls, a dash where there is none. */

import { createEffect, on } from 'solid-js';
import { sign, subtract } from '../calc/amount.ts';
import type { Decimal } from '../state/shapes.ts';
import { flash } from './flash.ts';

export function Figure(props: { value: Decimal | null; of: string }) {
  let cell: HTMLTableCellElement | undefined;
  let shown = { of: props.of, value: props.value };
  createEffect(
    on(
      () => [props.of, props.value] as const,
      ([of, value]) => {
        const before = shown;
        shown = { of, value };
        // Another instrument in the same place is no movement.
        if (before.of !== of || before.value === null || value === null || !cell) return;
        const way = sign(subtract(value, before.value));
        if (way !== 0) flash(cell, way === 1 ? 'up' : 'down');
      },
      { defer: true },
    ),
  );
  return (
    <td ref={cell} class="figure">
      {props.value ?? '–'}
    </td>
  );
}
