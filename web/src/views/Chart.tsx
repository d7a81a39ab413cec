/** Candles with their history, and the figures of the bar that is pointed at. */

import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import { startText } from '../calc/time.ts';
import { historyText } from '../calc/words.ts';
import { type Bar, INTERVALS, type Interval, intervalUs } from '../state/shapes.ts';
import type { Terminal } from '../state/terminal.ts';
import { type CandleChart, createCandles } from './candles.ts';
import { paced } from './paced.ts';

/** A candle is repainted whole, with its axes: ten times a second is as smooth as it can be read. */
const REPAINT_MS = 100;

interface Props {
  terminal: Terminal;
  instrument: string;
  interval: Interval;
  theme: 'dark' | 'light';
  onInterval: (interval: Interval) => void;
}

export function Chart(props: Props) {
  let box: HTMLDivElement | undefined;
  let chart: CandleChart | undefined;
  const { terminal } = props;
  const [pointed, setPointed] = createSignal<Bar | null>(null);
  const [empty, setEmpty] = createSignal(true);
  const bar = () => pointed() ?? terminal.newestBar();

  onMount(() => {
    if (!box) return;
    const older = () => {
      if (terminal.history().phase === 'ready' && !terminal.history().complete) terminal.older();
    };
    const events = { older, point: setPointed };
    const made = createCandles(box, events);
    chart = made;
    const pace = paced((bars: Bar[]) => made.lay(bars), REPAINT_MS);
    terminal.onBars(({ reset, bars }) => {
      if (reset) {
        pace.clear();
        made.reset();
        setPointed(null);
      }
      if (reset || bars.length !== 0) setEmpty(bars.length === 0);
      if (bars.length !== 0) pace.add(bars);
    });
    const named = (name: string) =>
      getComputedStyle(document.documentElement).getPropertyValue(name);
    createEffect(
      on(
        () => props.theme,
        () => made.paint(named),
      ),
    );
    createEffect(() => made.scales(props.interval === '1s'));
    // Whoever scrolled on while a stretch was loading wants the next one too.
    createEffect(() => {
      if (terminal.history().phase !== 'ready' || terminal.history().complete) return;
      // The chart knows its new range once it has painted.
      requestAnimationFrame(() => requestAnimationFrame(made.lookAtEdge));
    });
    onCleanup(() => made.stop());
  });

  const onKey = (event: KeyboardEvent) => {
    const acts: Record<string, () => void> = {
      ArrowLeft: () => chart?.scroll(-10),
      ArrowRight: () => chart?.scroll(10),
      '+': () => chart?.zoom(0.8),
      '-': () => chart?.zoom(1.25),
      End: () => chart?.toNewest(),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };

  const doubt = () => {
    if (terminal.phase() !== 'live') return 'last known: no connection';
    return terminal.barsConfirmed() ? '' : 'waiting for live bars';
  };

  return (
    <div class="chart">
      <div class="toolbar">
        <fieldset class="intervals" aria-label="Bar interval">
          <For each={INTERVALS}>
            {(interval, index) => (
              <button
                type="button"
                aria-pressed={interval === props.interval}
                aria-keyshortcuts={String(index() + 1)}
                onClick={() => props.onInterval(interval)}
              >
                {interval}
              </button>
            )}
          </For>
        </fieldset>
        <span class="notice wary" data-testid="chart-notice">
          {[doubt(), historyText(terminal.history())].filter((text) => text !== '').join(' · ')}
        </span>
      </div>
      <p class="legend" data-testid="legend">
        <Show when={bar()} fallback={<span class="aside">no bar yet</span>}>
          {(told) => <Legend bar={told()} interval={props.interval} />}
        </Show>
      </p>
      <div
        class="canvas"
        id="chart"
        ref={box}
        tabindex="0"
        role="application"
        aria-label={`Candles of ${props.instrument}, ${props.interval}; arrow keys scroll, plus and minus zoom`}
        onKeyDown={onKey}
        data-own-arrows
      />
      <Show when={empty() && terminal.history().phase === 'ready'}>
        <p class="empty over">Nothing has traded in any {props.interval} bar that is known.</p>
      </Show>
    </div>
  );
}

function Legend(props: { bar: Bar; interval: Interval }) {
  const figures = (): [string, string | null][] => [
    ['O', props.bar.open],
    ['H', props.bar.high],
    ['L', props.bar.low],
    ['C', props.bar.close],
    ['V', props.bar.volume],
  ];
  return (
    <>
      <time data-testid="bar-start">
        {startText(props.bar.start_us, intervalUs(props.interval))}
      </time>
      {figures().map(([name, value]) => (
        <span>
          <span class="label">{name}</span> {value ?? '–'}
        </span>
      ))}
      <span class="aside" data-testid="bar-state">
        {props.bar.state}
        {props.bar.rev === 0 ? '' : `, revision ${props.bar.rev}`}
        {props.bar.gap ? ', gap: recording missed something here' : ''}
      </span>
    </>
  );
}
