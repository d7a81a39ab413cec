/**
 * Everything the worker holds for the page, and the one way it gets there: a patch when the page asks.
 *
 * Folding never waits for the page. A page that does not ask (its tab sleeps) gets the newest state when it
 * asks again; nothing is queued for it in between.
 */

import { HubClient } from '../socket/client.ts';
import type { Socket } from '../socket/ends.ts';
import { FIRST_LINK, type Link } from '../socket/link.ts';
import { AnswerError, type Rest } from '../socket/rest.ts';
import type { Channel } from '../wire/channel.ts';
import type { DataMessage } from '../wire/message.ts';
import { Checkup } from './checkup.ts';
import { Focus } from './focus.ts';
import { Rows } from './rows.ts';
import type { Ask, Patch, Selection, Told } from './shapes.ts';

const WATCH_TICK_MS = 100;
const FOCUS_TICK_MS = 50;
/** Patches go out no oftener than this: figures that change more than twenty times a second cannot be read. */
const BEAT_MS = FOCUS_TICK_MS;
const INSTRUMENTS_POLL_MS = 15_000;
const INSTRUMENTS_RETRY_MS = 3_000;
const GLANCE_MS = 1_000;

export class Market {
  readonly #rows = new Rows();
  readonly #client: HubClient;
  readonly #checkup: Checkup;
  #link: Link = FIRST_LINK;
  #link_dirty = true;
  #instruments = { loaded: false, error: '' };
  #instruments_dirty = true;
  #focus: Focus | null = null;
  #asked = false;
  #hidden = false;
  #told_ms = 0;
  #rows_told_ms = 0;
  #beat: ReturnType<typeof setTimeout> | undefined;

  constructor(
    open: (protocols: string[]) => Socket,
    private readonly rest: Rest,
    private readonly tell: (told: Told) => void,
  ) {
    this.#checkup = new Checkup(rest, () => this.#offer());
    this.#client = new HubClient(open, {
      data: (message) => this.#apply(message),
      doubt: (topics) => {
        for (const { channel, instrument } of topics) this.#doubt(channel, instrument);
        this.#offer();
      },
      refused: (topic, { message }) => this.#refuse(topic.channel, topic.instrument, message),
      link: (link) => {
        this.#link = link;
        this.#link_dirty = true;
        this.#checkup.look(link.phase === 'live', this.#hidden);
        this.#offer();
      },
    });
  }

  start(): void {
    this.#client.start();
    setInterval(() => this.#glance(), GLANCE_MS);
    void this.#pollInstruments();
  }

  take(ask: Ask): void {
    switch (ask.ask) {
      case 'patch':
        this.#asked = true;
        this.#offer();
        break;
      case 'select':
        this.#select(ask.selection);
        break;
      case 'older':
        this.#focus?.older();
        break;
      case 'retry':
        this.#client.retryNow();
        break;
      case 'hidden':
        this.#hidden = ask.hidden;
        this.#checkup.look(this.#link.phase === 'live', this.#hidden);
        this.#offer();
        break;
    }
  }

  async #pollInstruments(): Promise<void> {
    let wait_ms = INSTRUMENTS_POLL_MS;
    try {
      const found = await this.rest.instruments();
      const fresh = found.filter(({ instrument, description }) =>
        this.#rows.add(instrument, description),
      );
      const names = fresh.map(({ instrument }) => instrument);
      this.#client.follow('quote', names, WATCH_TICK_MS);
      this.#client.follow('stats', names, WATCH_TICK_MS);
      this.#tellInstruments({ loaded: true, error: '' });
    } catch (error) {
      wait_ms = INSTRUMENTS_RETRY_MS;
      const told = error instanceof AnswerError ? error.message : 'the hub does not answer';
      this.#tellInstruments({ loaded: this.#instruments.loaded, error: told });
    }
    setTimeout(() => void this.#pollInstruments(), wait_ms);
  }

  #tellInstruments(told: { loaded: boolean; error: string }): void {
    this.#instruments = told;
    this.#instruments_dirty = true;
    this.#offer();
  }

  #select(selection: Selection): void {
    const before = this.#focus;
    const hubNowUs = () => Math.round((Date.now() + this.#link.clock_offset_ms) * 1_000);
    const next = new Focus(selection, this.rest, hubNowUs, () => this.#offer(), before);
    this.#focus = next;
    const now = channelsOf(next);
    if (before !== null) {
      const same = before.selection.instrument === selection.instrument;
      for (const channel of channelsOf(before)) {
        if (same && now.includes(channel)) continue;
        this.#client.leave(channel, [before.selection.instrument]);
      }
    }
    for (const channel of now) this.#client.follow(channel, [selection.instrument], FOCUS_TICK_MS);
    this.#offer();
  }

  #apply(message: DataMessage): void {
    if (message.channel === 'quote' || message.channel === 'stats') this.#rows.apply(message);
    else this.#focus?.apply(message);
  }

  #doubt(channel: Channel, instrument: string): void {
    if (channel === 'quote' || channel === 'stats') this.#rows.doubt(channel, instrument);
    else if (this.#focus?.selection.instrument === instrument) this.#focus.doubt(channel);
  }

  #refuse(channel: Channel, instrument: string, reason: string): void {
    if (channel === 'quote' || channel === 'stats') this.#rows.refuse(instrument, reason);
    else if (this.#focus?.selection.instrument === instrument) this.#focus.refuse(channel, reason);
    this.#offer();
  }

  /** Posts one patch if the page waits for one and there is something to tell. */
  #offer(): void {
    if (!this.#asked || this.#hidden) return;
    const now_ms = Date.now();
    const wait_ms = this.#told_ms + BEAT_MS - now_ms;
    if (0 < wait_ms) {
      this.#offerLater(wait_ms);
      return;
    }
    const patch: Patch = {};
    if (this.#link_dirty) patch.link = { ...this.#link };
    if (this.#checkup.isDirty) patch.readiness = this.#checkup.told;
    if (this.#instruments_dirty) patch.instruments = this.#instruments;
    if (this.#rows.isDirty && this.#rowsAreDue(now_ms)) patch.rows = this.#rows.take();
    if (this.#focus?.isDirty) this.#focus.take(patch);
    if (Object.keys(patch).length === 0) return;
    this.#link_dirty = false;
    this.#instruments_dirty = false;
    this.#checkup.isDirty = false;
    this.#asked = false;
    this.#told_ms = now_ms;
    this.tell({ patch });
  }

  #offerLater(wait_ms: number): void {
    this.#beat ??= setTimeout(() => {
      this.#beat = undefined;
      this.#offer();
    }, wait_ms);
  }

  /**
   * The watchlist is told of on every other beat: fifty lines painted oftener read no better. They ride along with
   * what the selected symbol has to tell, for a paint of their own would cost as much again.
   */
  #rowsAreDue(now_ms: number): boolean {
    const wait_ms = this.#rows_told_ms + WATCH_TICK_MS - now_ms;
    if (wait_ms < BEAT_MS / 2) {
      this.#rows_told_ms = now_ms;
      return true;
    }
    // Later than due by what the next change of the selected symbol may be late.
    this.#offerLater(wait_ms + BEAT_MS / 2);
    return false;
  }

  /** A hidden tab paints nothing, but its title is read: one price a second, never a backlog. */
  #glance(): void {
    const row = this.#hidden ? this.#rows.get(this.#focus?.selection.instrument ?? '') : undefined;
    if (row !== undefined) this.tell({ glance: { ...row } });
  }
}

function channelsOf(focus: Focus): Channel[] {
  return [focus.bookChannel, 'trade', focus.barsChannel];
}
