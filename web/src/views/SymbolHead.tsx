/** What is selected: its price, its day, and how far it can be trusted. */

import { createMemo, For, Show } from 'solid-js';
import { grouped, sign } from '../calc/amount.ts';
import { changeOf } from '../calc/change.ts';
import { ageText } from '../calc/time.ts';
import { sayingOf } from '../calc/words.ts';
import type { Row } from '../state/shapes.ts';
import type { Terminal } from '../state/terminal.ts';
import { StateWord } from './StateWord.tsx';

interface Props {
  terminal: Terminal;
  row: Row;
}

export function SymbolHead(props: Props) {
  const { phase, hubNowMs } = props.terminal;
  const change = createMemo(() => changeOf(props.row));
  const saying = createMemo(() => sayingOf(props.row, phase()));
  const way = () => sign((change()?.amount ?? '0').replace('+', ''));
  const age = () => {
    const { ts_us } = props.row;
    return ts_us === null ? 'no data yet' : ageText(hubNowMs() - ts_us / 1_000);
  };
  const day = createMemo<[string, string | null][]>(() => [
    ['Open', props.row.open],
    ['High', props.row.high],
    ['Low', props.row.low],
    ['Prev close', props.row.prev_close],
    ['Volume', props.row.volume],
    ['Trades', props.row.trades === null ? null : String(props.row.trades)],
    ['VWAP', props.row.vwap],
  ]);
  return (
    <div class="symbol" data-tone={saying().tone}>
      <div class="line">
        <h2>{props.row.instrument}</h2>
        <span class="last" data-testid="last">
          {props.row.last ?? '–'}
        </span>
        <Show when={change()}>
          {(told) => (
            <span class="change" data-way={way()}>
              {told().amount} {told().percent}{' '}
              <span class="aside">since {told().since === 'close' ? 'yesterday' : 'open'}</span>
            </span>
          )}
        </Show>
        <span class="trust" data-testid="symbol-state">
          <StateWord saying={saying()} /> <span class="aside">{age()}</span>
        </span>
      </div>
      <dl class="day">
        <For each={day()}>
          {([name, value]) => (
            <div>
              <dt>{name}</dt>
              <dd>{value === null ? '–' : grouped(value)}</dd>
            </div>
          )}
        </For>
      </dl>
    </div>
  );
}
