/** All keys, and what the words mean, on one sheet. */

import { createEffect, For } from 'solid-js';

const KEYS: [keys: string[], does: string][] = [
  [['/'], 'search the watchlist; Esc clears it'],
  [['↑', '↓'], 'move in the watchlist (also PgUp, PgDn, Home, End)'],
  [['Enter'], 'show the symbol that the cursor is on'],
  [['[', ']'], 'show the symbol before, or after'],
  [['1', '…', '7'], 'bars of 1s 1m 5m 15m 1h 4h 1d'],
  [['d'], 'depth of the book: 10, 20, 50'],
  [['w', 'c', 'b', 'p'], 'go to watchlist, chart, book, prints'],
  [['←', '→', '+', '−', 'End'], 'in the chart: scroll, zoom, newest bar'],
  [['t'], 'dark or light'],
  [['r'], 'reconnect now'],
  [['?'], 'this page; Esc closes it'],
];

const WORDS: [word: string, means: string][] = [
  ['live', 'up to date'],
  ['stale', 'the feed has been silent for a while'],
  ['unsynced', 'changes of the book were lost; it waits for a snapshot'],
  ['crossed', 'best bid above best ask: one of them is wrong'],
  ['halted', 'trading is halted at the venue'],
  ['disconnected', 'the feed lost this instrument'],
  ['checksum failed', "the book disagrees with the venue's checksum"],
  ['last known', 'no connection to the hub: what it said last'],
  ['catching up', 'something was lost on the way and has been asked for again'],
];

export function Help(props: { open: boolean; onClose: () => void }) {
  let dialog: HTMLDialogElement | undefined;
  createEffect(() => {
    if (props.open && !dialog?.open) dialog?.showModal();
    if (!props.open && dialog?.open) dialog.close();
  });
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => props.onClose()}>
      <h2 id="help-title">Keys</h2>
      <dl>
        <For each={KEYS}>
          {([keys, does]) => (
            <div>
              <dt>
                <For each={keys}>{(key) => <kbd>{key}</kbd>}</For>
              </dt>
              <dd>{does}</dd>
            </div>
          )}
        </For>
      </dl>
      <h2>Words</h2>
      <dl>
        <For each={WORDS}>
          {([word, means]) => (
            <div>
              <dt>{word}</dt>
              <dd>{means}</dd>
            </div>
          )}
        </For>
      </dl>
      <p class="aside">
        Ages are counted from the venue's time of the newest change. All clocks show UTC. Charts by
        TradingView Lightweight Charts™, © TradingView, Inc.,{' '}
        <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">
          tradingview.com
        </a>
        . <a href="/notices.txt">Licences</a>
      </p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
