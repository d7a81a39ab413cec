/** The line that is always in sight: how the connection stands, how the symbols stand, and what time it is. */

import { createMemo, For, Show } from 'solid-js';
import { dateText } from '../calc/time.ts';
import { heardText, linkSaying, readinessSayings, sayingOf } from '../calc/words.ts';
import type { Terminal } from '../state/terminal.ts';
import { StateWord } from './StateWord.tsx';

interface Props {
  terminal: Terminal;
  theme: 'dark' | 'light';
  onTheme: () => void;
  onHelp: () => void;
}

export function StatusBar(props: Props) {
  const { link, phase, readiness, nowMs, hubNowMs } = props.terminal;
  const census = createMemo(() => censusText(props.terminal));
  const saying = createMemo(() => linkSaying(link(), nowMs()));
  const without = createMemo(() => readinessSayings(readiness()));
  const isDown = () => phase() !== 'live' && phase() !== 'connecting';
  return (
    <header class="status" data-tone={saying().tone}>
      <h1>Tickwire</h1>
      <p class="link">
        <span class="label">connection</span>
        <strong data-testid="link">
          <StateWord saying={saying()} />
        </strong>
        <span class="aside" data-testid="heard">
          {heardText(link(), nowMs())}
        </span>
        <Show when={isDown() && link().reason}>
          <span class="aside" data-testid="reason">
            {link().reason}
          </span>
        </Show>
        <Show when={isDown()}>
          <button type="button" onClick={() => props.terminal.retry()}>
            Try now <kbd>r</kbd>
          </button>
        </Show>
      </p>
      <ul class="readiness" data-testid="readiness" aria-label="What the hub is without">
        <For each={without()}>
          {(told) => (
            <li>
              <StateWord saying={told} />
            </li>
          )}
        </For>
      </ul>
      <p class="census" data-testid="census">
        {census()}
      </p>
      <p class="clock">
        <span class="label">UTC</span> {dateText(hubNowMs() * 1_000)}
      </p>
      <button type="button" onClick={() => props.onTheme()} aria-label={`Theme: ${props.theme}`}>
        {props.theme} <kbd>t</kbd>
      </button>
      <button type="button" onClick={() => props.onHelp()}>
        Keys <kbd>?</kbd>
      </button>
      {/* Only the word, not the age, is read aloud: it must not chatter. */}
      <span class="unseen" role="status">
        {[`connection ${phase()}`, ...without().map(({ word }) => word)].join('; ')}
      </span>
    </header>
  );
}

/** `50 symbols: 48 live, 2 stale` */
function censusText(terminal: Terminal): string {
  const counts = new Map<string, number>();
  for (const name of terminal.names()) {
    const row = terminal.line(name)?.row;
    if (row === undefined) continue;
    const { word } = sayingOf(row, terminal.phase());
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const total = terminal.names().length;
  if (total === 0) return '';
  const parts = [...counts].sort(([, left], [, right]) => right - left);
  const noun = total === 1 ? 'symbol' : 'symbols';
  return `${total} ${noun}: ${parts.map(([word, count]) => `${count} ${word}`).join(', ')}`;
}
