/** The newest prints, newest on top. Scrolled away from the top it stands still until led back. */

import { createMemo, createSignal, For, Show } from 'solid-js';
import { clockText, dateText } from '../calc/time.ts';
import { TAPE_ROWS_MAX, type TapeRow } from '../state/shapes.ts';
import type { Terminal } from '../state/terminal.ts';
import { createWindow } from './scroll.ts';

const ROW_PX = 20;

export function Tape(props: { terminal: Terminal }) {
  let box: HTMLElement | undefined;
  const { prints, phase } = props.terminal;
  const [held, setHeld] = createSignal<TapeRow[] | null>(null);
  const rows = createMemo(() => held() ?? prints.rows());
  const { span } = createWindow(
    () => box,
    () => rows().length,
    ROW_PX,
  );
  const shown = createMemo(() => rows().slice(span().first, span().end));
  const newer = () => (prints.rows()[0]?.n ?? 0) - (held()?.[0]?.n ?? 0);
  const follow = () => {
    const away = ROW_PX < (box?.scrollTop ?? 0);
    if (!away) setHeld(null);
    else if (held() === null) setHeld(prints.rows());
  };
  const toTop = () => {
    if (box) box.scrollTop = 0;
    setHeld(null);
  };
  const doubt = () => {
    if (phase() !== 'live') return 'No connection: these are the last known prints.';
    return prints.confirmed() ? '' : 'Waiting for the hub.';
  };
  return (
    <section class="panel tape" aria-label="Trade tape">
      <div class="head">
        <h2>Trades</h2>
        <span class="aside" data-testid="tape-state">
          {doubt() || `the last ${TAPE_ROWS_MAX}, newest first`}
        </span>
        <Show when={held()}>
          <button type="button" onClick={toTop}>
            paused · {newer()} newer · follow
          </button>
        </Show>
      </div>
      <section
        class="scroller"
        ref={box}
        tabindex="0"
        aria-label="Prints"
        data-own-arrows
        onScroll={follow}
      >
        <table data-testid="tape" classList={{ doubted: doubt() !== '' }}>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col" class="figure">
                Price
              </th>
              <th scope="col" class="figure">
                Size
              </th>
              <th scope="col">Aggressor, remark</th>
            </tr>
          </thead>
          <tbody>
            <tr class="spacer" style={{ height: `${span().first * ROW_PX}px` }} />
            <For each={shown()}>{(row) => <TapeLine row={row} />}</For>
            <tr class="spacer" style={{ height: `${(rows().length - span().end) * ROW_PX}px` }} />
          </tbody>
        </table>
        <Show when={rows().length === 0}>
          <p class="empty">{doubt() || 'No trades yet.'}</p>
        </Show>
      </section>
    </section>
  );
}

const SIDES: Record<string, string> = { buy: '▲ buy', sell: '▼ sell' };

function TapeLine(props: { row: TapeRow }) {
  const { row } = props;
  if (row.kind === 'note') {
    return (
      <tr class="note">
        <td>{row.ts_us === null ? '' : clockText(row.ts_us)}</td>
        <td colspan="3" title={row.text}>
          {row.text}
        </td>
      </tr>
    );
  }
  const remark = () => {
    if (row.canceled) return 'canceled';
    return row.before ? `corrected from ${row.before.qty} at ${row.before.price}` : '';
  };
  return (
    <tr
      data-trade={row.trade_id}
      data-way={row.aggressor ?? 'none'}
      classList={{ canceled: row.canceled, corrected: row.before !== null }}
    >
      <td title={`${dateText(row.ts_us)} UTC`}>{clockText(row.ts_us)}</td>
      <td class="figure price">{row.price}</td>
      <td class="figure">{row.qty}</td>
      <td title={remark()}>
        <span class="side">{SIDES[row.aggressor ?? ''] ?? row.aggressor ?? '– unknown'}</span>
        <Show when={remark()}>
          <span class="remark"> {remark()}</span>
        </Show>
      </td>
    </tr>
  );
}
