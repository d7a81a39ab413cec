/** The book as a ladder: asks above, the spread in a place that never moves, bids below. */

import { createEffect, createMemo, For, on, onCleanup, onMount, Show } from 'solid-js';
import { ladderOf, outline, type Rung } from '../calc/ladder.ts';
import { ageText, clockText } from '../calc/time.ts';
import { sayingOf } from '../calc/words.ts';
import { DEPTHS } from '../state/shapes.ts';
import type { Terminal } from '../state/terminal.ts';
import { StateWord } from './StateWord.tsx';

interface Props {
  terminal: Terminal;
  instrument: string | null;
  depth: number;
  onDepth: (depth: number) => void;
}

/** As `tables.css` has it. */
const ROW_PX = 18;

const UNHEARD = { state: null, confirmed: false, refusal: null };

export function Ladder(props: Props) {
  const { book, phase, hubNowMs } = props.terminal;
  const saying = createMemo(() => sayingOf(book() ?? UNHEARD, phase()));
  const ladder = createMemo(() => {
    const view = book();
    return view === null ? null : ladderOf(view);
  });
  const places = createMemo(() => Array.from({ length: props.depth }, (_, place) => place));
  const age = () => {
    const ts_us = book()?.ts_us ?? null;
    return ts_us === null ? '' : ageText(hubNowMs() - ts_us / 1_000);
  };
  // Where not all levels fit, the spread is what is in sight, until the trader scrolls elsewhere.
  let box: HTMLElement | undefined;
  const centre = () => {
    const spread = box?.querySelector<HTMLElement>('.spread');
    if (!box || !spread) return;
    const middle = (element: HTMLElement) => {
      const { top, height } = element.getBoundingClientRect();
      return top + height / 2;
    };
    box.scrollTop += middle(spread) - middle(box);
  };
  onMount(() => {
    const observer = new ResizeObserver(centre);
    if (box) observer.observe(box);
    onCleanup(() => observer.disconnect());
  });
  createEffect(
    on(
      () => [props.depth, props.instrument],
      () => queueMicrotask(centre),
    ),
  );
  const asOf = () => {
    const ts_us = book()?.ts_us ?? null;
    return `The best ${props.depth} of each side${ts_us === null ? '' : `, as of ${clockText(ts_us)}`}`;
  };
  return (
    <section class="panel ladder" aria-label="Depth ladder" data-tone={saying().tone}>
      <div class="head">
        <h2>Book</h2>
        <span data-testid="book-state">
          <StateWord saying={saying()} />
        </span>
        <span class="aside">{age()}</span>
        <label class="aside">
          depth <kbd>d</kbd>
          <select
            value={props.depth}
            onChange={(event) => props.onDepth(Number(event.currentTarget.value))}
          >
            <For each={DEPTHS}>{(depth) => <option value={depth}>{depth}</option>}</For>
          </select>
        </label>
      </div>
      <p class="notice" classList={{ [saying().tone]: true }} data-testid="book-notice">
        <Show when={saying().tone !== 'good'} fallback={asOf()}>
          <strong>{saying().word}</strong> {saying().explanation}
        </Show>
      </p>
      <section class="scroller" ref={box} tabindex="0" aria-label="Levels" data-own-arrows>
        <table data-testid="ladder" data-seq={book()?.seq} data-epoch={book()?.epoch}>
          <caption class="unseen">
            Asks from the highest price down to the spread, then bids down from it
          </caption>
          <thead>
            <tr>
              <th scope="col" class="figure">
                Bid size
              </th>
              <th scope="col" class="figure">
                Price
              </th>
              <th scope="col" class="figure">
                Ask size
              </th>
              <th scope="col" class="figure">
                Total
              </th>
            </tr>
          </thead>
          <tbody>
            <Reach side="ask" shape={outline(ladder()?.asks ?? [], props.depth, ROW_PX, true)} />
            <For each={[...places()].reverse()}>
              {(place) => <RungRow side="ask" rung={ladder()?.asks[place]} />}
            </For>
          </tbody>
          <tbody>
            <tr class="spread">
              <td colspan="4" data-testid="spread">
                {spreadText(ladder()?.spread ?? null)}
              </td>
            </tr>
          </tbody>
          <tbody>
            <Reach side="bid" shape={outline(ladder()?.bids ?? [], props.depth, ROW_PX, false)} />
            <For each={places()}>
              {(place) => <RungRow side="bid" rung={ladder()?.bids[place]} />}
            </For>
          </tbody>
        </table>
      </section>
    </section>
  );
}

/** What lies behind a side's figures: its totals as one shape, since a bar in each row would paint forty times over. */
function Reach(props: { side: 'bid' | 'ask'; shape: string }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus
    <tr class="reach" data-of={props.side} aria-hidden="true">
      <td style={{ 'clip-path': props.shape }} />
    </tr>
  );
}

function RungRow(props: { side: 'bid' | 'ask'; rung: Rung | undefined }) {
  const qtyOf = (side: 'bid' | 'ask') => (props.side === side ? (props.rung?.qty ?? '') : '');
  return (
    <tr data-side={props.side}>
      <td class="figure">{qtyOf('bid')}</td>
      <td class="figure price">{props.rung?.price ?? ''}</td>
      <td class="figure">{qtyOf('ask')}</td>
      <td class="figure total">{props.rung?.total ?? ''}</td>
    </tr>
  );
}

function spreadText(spread: ReturnType<typeof ladderOf>['spread']): string {
  if (spread === null) return 'no spread: a side is empty';
  const share = spread.basisPoints === null ? '' : ` · ${spread.basisPoints} bp`;
  return `${spread.word} ${spread.amount}${share}`;
}
