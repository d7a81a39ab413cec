/**
 * The pixel edge of the chart: the only place where exact decimals become binary floating point, to be drawn.
 * Whatever is read as a figure is taken from the bar itself.
 */

import {
  type CandlestickData,
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  createChart,
  createSeriesMarkers,
  type HistogramData,
  HistogramSeries,
  type SeriesMarker,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts';
import type { Bar } from '../state/shapes.ts';

type Candle = CandlestickData<UTCTimestamp> | WhitespaceData<UTCTimestamp>;
type Column = HistogramData<UTCTimestamp> | WhitespaceData<UTCTimestamp>;

/** So many bars from the left edge, older ones are asked for. */
const NEAR_EDGE_BARS = 40;

/** Room right of the newest bar. */
const NEWEST_OFFSET_BARS = 4;

export interface CandleChart {
  reset(): void;
  lay(bars: Bar[]): void;
  paint(colours: (name: string) => string): void;
  scales(seconds: boolean): void;
  /** Asks for older bars if the view has come near the oldest. */
  lookAtEdge(): void;
  scroll(bars: number): void;
  zoom(by: number): void;
  toNewest(): void;
  stop(): void;
}

export function createCandles(
  box: HTMLElement,
  events: { older: () => void; point: (bar: Bar | null) => void },
): CandleChart {
  const chart = createChart(box, {
    autoSize: true,
    layout: { attributionLogo: true, fontSize: 11, fontFamily: getComputedStyle(box).fontFamily },
    crosshair: { mode: CrosshairMode.Normal },
    timeScale: { rightOffset: NEWEST_OFFSET_BARS, minBarSpacing: 1 },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.22 } },
  });
  const candles = chart.addSeries(CandlestickSeries, { borderVisible: false });
  const columns = chart.addSeries(HistogramSeries, {
    priceScaleId: 'volume',
    priceFormat: { type: 'volume' },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  columns.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
  let marks: { detach: () => void } | undefined;
  const bars = new Map<number, Bar>();
  let newest_us = 0;
  let decimals = -1;
  let colour: (name: string) => string = () => '#888';

  const candleOf = (bar: Bar): Candle => {
    const time = timeOf(bar);
    const { open, high, low, close } = bar;
    // A bar whose trades were all taken back has no prices: its place stays, empty.
    if (open === null || high === null || low === null || close === null) return { time };
    const shape = { time, open: +open, high: +high, low: +low, close: +close };
    if (!bar.gap) return shape;
    return { ...shape, color: colour('--muted'), wickColor: colour('--muted') };
  };
  const columnOf = (bar: Bar): Column => {
    const rising = bar.open !== null && bar.close !== null && +bar.open <= +bar.close;
    const color = colour(rising ? '--up-faint' : '--down-faint');
    return { time: timeOf(bar), value: +bar.volume, color };
  };
  const setAll = () => {
    const sorted = [...bars.values()].sort((left, right) => left.start_us - right.start_us);
    candles.setData(sorted.map(candleOf) as never);
    columns.setData(sorted.map(columnOf) as never);
    // While it is attached, every change of a bar lays out the whole chart and paints it twice.
    marks?.detach();
    const found = gapMarks(sorted, colour('--wary'));
    marks = found.length === 0 ? undefined : createSeriesMarkers(candles as never, found);
  };
  const fitDecimals = (bar: Bar) => {
    const text = bar.close ?? '';
    const found = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0;
    if (found <= decimals) return;
    decimals = found;
    const minMove = 10 ** -found;
    candles.applyOptions({ priceFormat: { type: 'price', precision: found, minMove } });
  };
  // The chart tells its new range only after painting: keys pressed faster than that add up here.
  let wanted: { from: number; to: number } | null = null;
  const range = (change: (range: { from: number; to: number }) => { from: number; to: number }) => {
    const visible = wanted ?? chart.timeScale().getVisibleLogicalRange();
    if (!visible) return;
    if (wanted === null) requestAnimationFrame(() => requestAnimationFrame(() => (wanted = null)));
    wanted = change(visible);
    chart.timeScale().setVisibleLogicalRange(wanted);
  };

  const lookAtEdge = () => {
    const visible = chart.timeScale().getVisibleLogicalRange();
    if (visible && visible.from < NEAR_EDGE_BARS && bars.size !== 0) events.older();
  };
  chart.timeScale().subscribeVisibleLogicalRangeChange(lookAtEdge);
  chart.subscribeCrosshairMove(({ time }) => {
    events.point(time === undefined ? null : (bars.get(Number(time) * 1_000_000) ?? null));
  });

  return {
    lookAtEdge,
    reset() {
      bars.clear();
      newest_us = 0;
      decimals = -1;
      setAll();
      chart.timeScale().resetTimeScale();
    },
    lay(changed) {
      let whole = changed.length > 50 || bars.size === 0;
      let drawn_us = newest_us;
      for (const bar of changed) {
        // Only a new newest bar and changes of those known can be laid in by themselves.
        if (!bars.has(bar.start_us) && bar.start_us < newest_us) whole = true;
        if (bar.gap !== (bars.get(bar.start_us)?.gap ?? false)) whole = true;
        bars.set(bar.start_us, bar);
        newest_us = Math.max(newest_us, bar.start_us);
        fitDecimals(bar);
      }
      if (whole) return setAll();
      for (const bar of changed) {
        // Several new ones may come together: only what is drawn already is an earlier bar to the chart.
        const is_earlier = bar.start_us < drawn_us;
        candles.update(candleOf(bar) as never, is_earlier);
        columns.update(columnOf(bar) as never, is_earlier);
        drawn_us = Math.max(drawn_us, bar.start_us);
      }
    },
    paint(named) {
      colour = named;
      chart.applyOptions({
        layout: {
          background: { type: ColorType.Solid, color: named('--panel') },
          textColor: named('--muted'),
        },
        grid: { vertLines: { color: named('--grid') }, horzLines: { color: named('--grid') } },
        timeScale: { borderColor: named('--line') },
        crosshair: {
          vertLine: { color: named('--muted'), labelBackgroundColor: named('--strong') },
          horzLine: { color: named('--muted'), labelBackgroundColor: named('--strong') },
        },
      });
      const [up, down] = [named('--up'), named('--down')];
      candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
      setAll();
    },
    scales(seconds) {
      chart.applyOptions({ timeScale: { timeVisible: true, secondsVisible: seconds } });
    },
    scroll(by) {
      range(({ from, to }) => ({ from: from + by, to: to + by }));
    },
    zoom(by) {
      range(({ from, to }) => ({ from: Math.min(to - 5, to - (to - from) * by), to }));
    },
    toNewest() {
      // Not animated: bars that arrive on the way would leave it short of the end.
      wanted = null;
      chart.timeScale().scrollToPosition(NEWEST_OFFSET_BARS, false);
    },
    stop() {
      chart.remove();
    },
  };
}

function timeOf(bar: Bar): UTCTimestamp {
  return (bar.start_us / 1_000_000) as UTCTimestamp;
}

/** One mark where each run of bars begins that recording is known to have missed something of. */
function gapMarks(sorted: Bar[], color: string): SeriesMarker<UTCTimestamp>[] {
  const found: SeriesMarker<UTCTimestamp>[] = [];
  for (const [at, bar] of sorted.entries()) {
    if (!bar.gap || sorted[at - 1]?.gap) continue;
    found.push({
      time: timeOf(bar),
      position: 'aboveBar',
      shape: 'square',
      size: 0.5,
      color,
      text: 'gap',
    });
  }
  return found;
}
