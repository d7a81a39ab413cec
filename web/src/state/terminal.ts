/**
 * The page's side of the worker: asks for a patch after each paint and lays it into signals.
 *
 * One frame, one patch, one batch. While the tab is hidden no frame comes, so nothing is asked for.
 */

import { type Accessor, batch, createSignal } from 'solid-js';
import { createStore, type SetStoreFunction } from 'solid-js/store';
import { FIRST_LINK } from '../socket/link.ts';
import { PrintLog } from './printlog.ts';
import type {
  Ask,
  Bar,
  BookView,
  History,
  Link,
  Patch,
  Phase,
  Readiness,
  Row,
  Selection,
  Told,
} from './shapes.ts';

export interface BarsChange {
  reset: boolean;
  bars: Bar[];
}

export interface Line {
  row: Row;
  set: SetStoreFunction<Row>;
}

/** What the page needs of a worker; tests bring their own. */
export type Port = Pick<Worker, 'postMessage' | 'onmessage'>;

const CLOCK_STEP_MS = 500;
const LOADING: History = { phase: 'loading', complete: false, error: '' };

export class Terminal {
  readonly link: Accessor<Link>;
  /** How the hub is with what it depends on; null where that is not known. */
  readonly readiness: Accessor<Readiness | null>;
  readonly names: Accessor<string[]>;
  readonly instruments: Accessor<{ loaded: boolean; error: string }>;
  readonly book: Accessor<BookView | null>;
  readonly prints = new PrintLog();
  readonly history: Accessor<History>;
  readonly barsConfirmed: Accessor<boolean>;
  /** The newest bars of the chart; the chart is told of each change by `onBars`. */
  readonly newestBar: Accessor<Bar | null>;
  /** Of the link only what decides how everything else is to be read: it changes rarely, the link often. */
  readonly phase: Accessor<Phase>;
  /** This machine's clock, stepping twice a second. */
  readonly nowMs: Accessor<number>;
  /** The hub's clock, likewise: what ages of data are counted from. */
  readonly hubNowMs: Accessor<number>;
  /** The selected instrument's line as of the last glance, for the title of a hidden tab. */
  onGlance: (row: Row) => void = () => {};

  readonly #set;
  readonly #lines = new Map<string, Line>();
  #selection: Selection | null = null;
  #onBars: (change: BarsChange) => void = () => {};

  constructor(private readonly port: Port) {
    const [link, setLink] = createSignal<Link>({ ...FIRST_LINK, since_ms: Date.now() });
    const [readiness, setReadiness] = createSignal<Readiness | null>(null);
    const [names, setNames] = createSignal<string[]>([]);
    const [instruments, setInstruments] = createSignal({ loaded: false, error: '' });
    const [book, setBook] = createSignal<BookView | null>(null);
    const [history, setHistory] = createSignal<History>(LOADING);
    const [barsConfirmed, setBarsConfirmed] = createSignal(false);
    const [newestBar, setNewestBar] = createSignal<Bar | null>(null);
    const [phase, setPhase] = createSignal<Phase>(FIRST_LINK.phase);
    const [nowMs, setNowMs] = createSignal(Date.now());
    const [hubNowMs, setHubNowMs] = createSignal(Date.now());
    this.link = link;
    this.readiness = readiness;
    this.names = names;
    this.instruments = instruments;
    this.book = book;
    this.history = history;
    this.barsConfirmed = barsConfirmed;
    this.newestBar = newestBar;
    this.phase = phase;
    this.nowMs = nowMs;
    this.hubNowMs = hubNowMs;
    this.#set = {
      setLink,
      setPhase,
      setReadiness,
      setNames,
      setInstruments,
      setBook,
      setHistory,
      setBarsConfirmed,
      setNewestBar,
    };
    const step = () =>
      batch(() => {
        setNowMs(Date.now());
        setHubNowMs(Date.now() + link().clock_offset_ms);
      });
    setInterval(step, CLOCK_STEP_MS);
  }

  start(): void {
    this.port.onmessage = ({ data }: MessageEvent<Told>) => {
      if ('glance' in data) return this.onGlance(data.glance);
      try {
        batch(() => this.#lay(data.patch));
      } finally {
        // Whatever went wrong with one patch, the next ones are still wanted.
        this.#askAfterPaint();
      }
    };
    const tellHidden = () => this.#ask({ ask: 'hidden', hidden: document.hidden });
    document.addEventListener('visibilitychange', tellHidden);
    tellHidden();
    this.#askAfterPaint();
  }

  line(instrument: string): Line | undefined {
    return this.#lines.get(instrument);
  }

  select(selection: Selection): void {
    const before = this.#selection;
    this.#selection = selection;
    batch(() => {
      if (before?.instrument !== selection.instrument) this.prints.clear();
      if (before?.instrument !== selection.instrument || before.depth !== selection.depth) {
        this.#set.setBook(null);
      }
      if (before?.instrument !== selection.instrument || before.interval !== selection.interval) {
        this.#set.setHistory(LOADING);
        this.#set.setNewestBar(null);
        this.#onBars({ reset: true, bars: [] });
      }
    });
    this.#ask({ ask: 'select', selection });
  }

  older(): void {
    this.#ask({ ask: 'older' });
  }

  retry(): void {
    this.#ask({ ask: 'retry' });
  }

  onBars(take: (change: BarsChange) => void): void {
    this.#onBars = take;
  }

  #ask(ask: Ask): void {
    this.port.postMessage(ask);
  }

  #askAfterPaint(): void {
    requestAnimationFrame(() => this.#ask({ ask: 'patch' }));
  }

  #lay(patch: Patch): void {
    if (patch.link) {
      this.#set.setLink(patch.link);
      this.#set.setPhase(patch.link.phase);
    }
    if (patch.readiness !== undefined) this.#set.setReadiness(patch.readiness);
    if (patch.instruments) this.#set.setInstruments(patch.instruments);
    if (patch.rows) this.#layRows(patch.rows);
    const selection = this.#selection;
    if (selection === null) return;
    const { book, tape, bars, history } = patch;
    const isShown = (of: { instrument: string; interval: string }) =>
      of.instrument === selection.instrument && of.interval === selection.interval;
    if (book && book.instrument === selection.instrument && book.depth === selection.depth) {
      this.#set.setBook(book);
    }
    if (tape && tape.instrument === selection.instrument) this.prints.lay(tape);
    if (bars && isShown(bars)) {
      this.#onBars(bars);
      this.#set.setBarsConfirmed(bars.confirmed);
      const newest = bars.bars.at(-1);
      if (newest && (this.newestBar()?.start_us ?? 0) <= newest.start_us) {
        this.#set.setNewestBar(newest);
      }
    }
    if (history && isShown(history)) this.#set.setHistory(history);
  }

  #layRows(rows: Row[]): void {
    const fresh: string[] = [];
    for (const row of rows) {
      const line = this.#lines.get(row.instrument);
      if (line !== undefined) {
        line.set(row);
        continue;
      }
      const [kept, set] = createStore<Row>({ ...row });
      this.#lines.set(row.instrument, { row: kept, set });
      fresh.push(row.instrument);
    }
    if (fresh.length !== 0) this.#set.setNames([...this.#lines.keys()].sort());
  }
}
