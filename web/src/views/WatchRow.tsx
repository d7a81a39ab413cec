/** One line of the watchlist. */

import { createEffect, createMemo, on, Show } from 'solid-js';
import { sign, subtract } from '../calc/amount.ts';
import { changeOf } from '../calc/change.ts';
import { ageText } from '../calc/time.ts';
import { sayingOf } from '../calc/words.ts';
import type { Row } from '../state/shapes.ts';
import type { Terminal } from '../state/terminal.ts';
import { Figure } from './Figure.tsx';
import { StateWord } from './StateWord.tsx';

interface Props {
  terminal: Terminal;
  row: Row;
  index: number;
  selected: boolean;
  cursor: boolean;
  onSelect: () => void;
  onCursor: () => void;
}

export function WatchRow(props: Props) {
  let line: HTMLTableRowElement | undefined;
  const { phase, hubNowMs } = props.terminal;
  const change = createMemo(() => changeOf(props.row));
  const way = createMemo(() => {
    const told = change();
    return told === null ? 0 : sign(told.amount.replace('+', ''));
  });
  const saying = createMemo(() => sayingOf(props.row, phase()));
  const tick = createMemo<{ last: string | null; mark: string }>(
    (before) => {
      const { last } = props.row;
      if (last === null || before.last === null || last === before.last) return { ...before, last };
      return { last, mark: sign(subtract(last, before.last)) === 1 ? '▴' : '▾' };
    },
    { last: null, mark: '' },
  );
  const age = () => {
    const { ts_us } = props.row;
    return ts_us === null ? '–' : ageText(hubNowMs() - ts_us / 1_000);
  };
  createEffect(
    on(
      () => props.cursor,
      (cursor) => {
        if (cursor && document.activeElement?.closest('.watchlist tbody')) line?.focus();
      },
      { defer: true },
    ),
  );
  return (
    <tr
      ref={line}
      data-instrument={props.row.instrument}
      data-tone={saying().tone}
      aria-rowindex={props.index + 2}
      aria-current={props.selected ? 'true' : undefined}
      tabindex={props.cursor ? 0 : -1}
      onClick={() => props.onSelect()}
      onFocus={() => props.onCursor()}
    >
      <th scope="row" title={props.row.description}>
        {props.row.instrument}
      </th>
      <Figure value={props.row.last} of={props.row.instrument} />
      <td class="tick" aria-hidden="true">
        {tick().mark}
      </td>
      <td class="figure change" data-way={way()}>
        {change()?.amount ?? '–'}
      </td>
      <td class="figure change" data-way={way()} title={sinceText(change()?.since)}>
        {change()?.percent ?? '–'}
        <Show when={change()?.since === 'open'}>
          <abbr title={sinceText('open')}>o</abbr>
        </Show>
      </td>
      <Figure value={props.row.bid} of={props.row.instrument} />
      <Figure value={props.row.ask} of={props.row.instrument} />
      <td class="word">
        <StateWord saying={saying()} />
      </td>
      <td class="figure age">{age()}</td>
    </tr>
  );
}

function sinceText(since: 'close' | 'open' | undefined): string {
  if (since === undefined) return '';
  return since === 'close'
    ? 'since the close of the day before'
    : "since the day's open: no earlier close is known";
}
