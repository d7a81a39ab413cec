/** All symbols, one line each; only the lines in sight are in the document. */

import { createEffect, createMemo, createSignal, For, on, Show } from 'solid-js';
import { matching, stepped } from '../calc/watchlist.ts';
import type { Terminal } from '../state/terminal.ts';
import { createWindow } from './scroll.ts';
import { WatchRow } from './WatchRow.tsx';

const ROW_PX = 22;
const PAGE_ROWS = 15;

interface Props {
  terminal: Terminal;
  selected: string | null;
  onSelect: (instrument: string) => void;
}

export function Watchlist(props: Props) {
  let box: HTMLDivElement | undefined;
  let search: HTMLInputElement | undefined;
  const [query, setQuery] = createSignal('');
  const [cursor, setCursor] = createSignal<string | null>(null);
  const names = createMemo(() => matching(props.terminal.names(), query()));
  const { span } = createWindow(
    () => box,
    () => names().length,
    ROW_PX,
  );
  const shown = createMemo(() => names().slice(span().first, span().end));
  const home = () => cursor() ?? props.selected ?? names()[0];

  const reveal = (name: string | null) => {
    const at = name === null ? -1 : names().indexOf(name);
    if (at === -1 || !box) return;
    // The head of the table stays above the rows, so it covers one row.
    const top = at * ROW_PX;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (box.scrollTop + box.clientHeight < top + 2 * ROW_PX) {
      box.scrollTop = top + 2 * ROW_PX - box.clientHeight;
    }
  };
  const go = (name: string | null) => {
    if (name === null) return;
    setCursor(name);
    reveal(name);
    // The row may only now come into the document.
    queueMicrotask(() => rowOf(name)?.focus({ preventScroll: true }));
  };
  const rowOf = (name: string) =>
    box?.querySelector<HTMLElement>(`tr[data-instrument="${CSS.escape(name)}"]`);
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: PAGE_ROWS,
    PageUp: -PAGE_ROWS,
    Home: -Infinity,
    End: Infinity,
  };
  const onKey = (event: KeyboardEvent) => {
    const step = steps[event.key];
    const in_search = event.target === search;
    if (step !== undefined && !(in_search && (event.key === 'Home' || event.key === 'End'))) {
      event.preventDefault();
      go(in_search ? (names()[0] ?? null) : stepped(names(), home() ?? null, step));
    } else if (event.key === 'Enter') {
      const name = in_search ? names()[0] : home();
      if (name !== undefined) props.onSelect(name);
      if (in_search && name !== undefined) go(name);
    } else if (event.key === 'Escape' && in_search) {
      setQuery('');
      search?.blur();
    }
  };
  createEffect(on(() => props.selected, reveal));

  return (
    <section class="panel watchlist" aria-label="Watchlist" onKeyDown={onKey}>
      <div class="head">
        <h2>Watchlist</h2>
        <input
          ref={search}
          id="search"
          type="search"
          placeholder="Search symbols"
          aria-label="Search symbols"
          aria-keyshortcuts="/"
          autocomplete="off"
          spellcheck={false}
          value={query()}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
        <kbd>/</kbd>
      </div>
      <div class="scroller" ref={box} data-own-arrows>
        <table aria-rowcount={names().length + 1}>
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col" class="figure">
                Last
              </th>
              <th scope="col" class="tick">
                <span class="unseen">Tick</span>
              </th>
              <th scope="col" class="figure">
                Change
              </th>
              <th scope="col" class="figure">
                %
              </th>
              <th scope="col" class="figure">
                Bid
              </th>
              <th scope="col" class="figure">
                Ask
              </th>
              <th scope="col">State</th>
              <th scope="col" class="figure">
                Age
              </th>
            </tr>
          </thead>
          <tbody>
            <tr class="spacer" style={{ height: `${span().first * ROW_PX}px` }} />
            <For each={shown()}>
              {(name, index) => (
                <Show when={props.terminal.line(name)}>
                  {(line) => (
                    <WatchRow
                      terminal={props.terminal}
                      row={line().row}
                      index={span().first + index()}
                      selected={name === props.selected}
                      cursor={name === home()}
                      onSelect={() => {
                        setCursor(name);
                        props.onSelect(name);
                      }}
                      onCursor={() => setCursor(name)}
                    />
                  )}
                </Show>
              )}
            </For>
            <tr class="spacer" style={{ height: `${(names().length - span().end) * ROW_PX}px` }} />
          </tbody>
        </table>
        <Show when={names().length === 0}>
          <p class="empty">{emptyText(props.terminal, query())}</p>
        </Show>
      </div>
      <Show when={names().length !== 0 && props.terminal.instruments().error}>
        {(error) => <p class="notice wary">The list of symbols may be out of date: {error()}.</p>}
      </Show>
    </section>
  );
}

function emptyText(terminal: Terminal, query: string): string {
  const { loaded, error } = terminal.instruments();
  if (error !== '') return `The symbols cannot be listed: ${error}. Trying again.`;
  if (!loaded) return 'Loading symbols…';
  if (query !== '') return `No symbol matches “${query}”. Esc clears the search.`;
  return 'The hub knows no symbols yet. Each appears with its first event.';
}
