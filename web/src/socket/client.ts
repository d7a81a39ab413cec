/**
 * The connection to the hub: opens it, watches over it, opens it again, and keeps every topic continuous.
 *
 * It folds nothing. What it hands on continues what it handed on before, or begins anew with a snapshot.
 */

import type { Channel } from '../wire/channel.ts';
import { type Command, encodeCommand, PROTOCOLS } from '../wire/command.ts';
import type { DataMessage, Message, Refusal, Welcome } from '../wire/message.ts';
import { Backoff, SETTLED_MS } from './backoff.ts';
import { Budget } from './budget.ts';
import { closingOf } from './closing.ts';
import { Continuity } from './continuity.ts';
import type { ClientEvents, Socket } from './ends.ts';
import { Frames } from './frames.ts';
import { FIRST_LINK, type Link } from './link.ts';
import { type Topic, Topics, topicKey } from './topics.ts';
import { PATROL_MS, Vigil } from './vigil.ts';

const ANSWER_MS = 10_000;
const RETRY_REFUSED_MS = 15_000;
/** A topic that breaks again so soon after it was healed is asked for from the start. */
const HEALED_BADLY_MS = 2_000;
const DEFAULT_SUBSCRIPTIONS = 1_000;
const DEFAULT_MESSAGES_PER_SECOND = 10;

export class HubClient {
  readonly #topics = new Topics();
  readonly #continuity = new Continuity();
  readonly #backoff: Backoff;
  #link: Link = FIRST_LINK;
  #socket: Socket | null = null;
  #frames = new Frames('');
  #welcome: Welcome | null = null;
  #budget: Budget | null = null;
  #sent = new Map<number, string[]>();
  #next_id = 1;
  #bye_ms: number | null = null;
  readonly #vigil = new Vigil(Date.now());
  #retry: ReturnType<typeof setTimeout> | undefined;
  #pump: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly open: (protocols: string[]) => Socket,
    private readonly events: ClientEvents,
    random: () => number = Math.random,
  ) {
    this.#backoff = new Backoff(random);
  }

  start(): void {
    setInterval(() => this.#patrol(), PATROL_MS);
    this.#connect();
  }

  follow(channel: Channel, instruments: string[], tick_ms: number): void {
    for (const instrument of instruments) {
      if (!this.#topics.want(channel, instrument, tick_ms)) continue;
      this.#continuity.awaitSnapshot(topicKey(channel, instrument));
    }
    this.#pumpSoon(0);
  }

  leave(channel: Channel, instruments: string[]): void {
    for (const instrument of instruments) {
      this.#topics.leave(channel, instrument);
      this.#continuity.forget(topicKey(channel, instrument));
    }
    this.#pumpSoon(0);
  }

  /** The trader, or the machine's network coming back, does not want to wait for the next attempt. */
  retryNow(): void {
    if (this.#link.phase === 'live' || this.#socket !== null) return;
    this.#connect();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    const socket = this.open(PROTOCOLS);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#welcome = null;
    this.#bye_ms = null;
    this.#tell({ phase: 'connecting', since_ms: Date.now(), retry_at_ms: null });
    const isCurrent = () => this.#socket === socket;
    socket.onopen = () => {
      if (isCurrent()) this.#frames = new Frames(socket.protocol);
    };
    socket.onmessage = (event) => {
      if (isCurrent()) this.#take(event.data);
    };
    socket.onclose = (event) => {
      if (!isCurrent()) return;
      const { retry_floor_ms, reason } = closingOf(event.code, event.reason);
      const never = this.#welcome === null && event.code === 1006;
      const told = this.#bye_ms === null ? reason : 'the hub went away as it had announced';
      this.#drop(never ? 'the hub does not answer' : told, retry_floor_ms);
    };
  }

  #take(data: unknown): void {
    let messages: Message[];
    try {
      messages = this.#frames.decode(data);
    } catch (error) {
      // What was in that frame is lost to us: everything goes on from where it stood.
      this.#drop(`the hub sent something unreadable: ${String(error)}`, 0);
      return;
    }
    this.#link = { ...this.#link, heard_at_ms: Date.now() };
    for (const message of messages) this.#takeMessage(message);
    this.events.link(this.#link);
  }

  #takeMessage(message: Message): void {
    switch (message.op) {
      case 'welcome':
        this.#welcomed(message);
        break;
      case 'heartbeat':
      case 'pong':
        this.#link.clock_offset_ms = message.server_time / 1_000 - Date.now();
        break;
      case 'bye':
        this.#bye_ms = message.reconnect_after_ms;
        break;
      case 'subscribed':
        if (message.id !== null) this.#sent.delete(message.id);
        for (const [instrument, refusal] of Object.entries(message.errors)) {
          this.#refuse(topicKey(message.channel, instrument), refusal);
        }
        break;
      case 'error':
        this.#takeError(message.id, message);
        break;
      case 'unsubscribed':
      case 'authed':
        break;
      default:
        this.#takeData(message);
    }
  }

  #welcomed(welcome: Welcome): void {
    this.#welcome = welcome;
    const granted = welcome.limits.messages_per_second ?? DEFAULT_MESSAGES_PER_SECOND;
    this.#budget = new Budget(Date.now(), granted * 0.8);
    this.#topics.startOver();
    this.#sent.clear();
    this.#tell({
      phase: 'live',
      since_ms: Date.now(),
      retry_at_ms: null,
      reason: '',
      clock_offset_ms: welcome.server_time / 1_000 - Date.now(),
      protocol: this.#socket?.protocol ?? '',
    });
    this.#pumpSoon(0);
  }

  #takeError(id: number | null, refusal: Refusal): void {
    const keys = (id === null ? undefined : this.#sent.get(id)) ?? [];
    if (id !== null) this.#sent.delete(id);
    for (const key of keys) {
      if (refusal.code !== 'rate_limited') this.#refuse(key, refusal);
      // Not refused, only too soon: the patrol asks again.
    }
  }

  #refuse(key: string, { code, message }: Refusal): void {
    const topic = this.#topics.get(key);
    if (topic === undefined) return;
    topic.refusal = { code, message };
    this.events.refused(topic, topic.refusal);
  }

  #takeData(message: DataMessage): void {
    const key = topicKey(message.channel, message.instrument);
    const verdict = this.#continuity.judge(key, message);
    if (verdict === 'apply') this.events.data(message);
    else if (verdict === 'gap') this.#heal(key);
  }

  #heal(key: string): void {
    const topic = this.#topics.get(key);
    if (topic === undefined) return;
    const again = topic.asked_ms !== null && Date.now() - topic.asked_ms < HEALED_BADLY_MS;
    this.events.doubt([topic]);
    this.#askAgain(topic, again);
  }

  #askAgain(topic: Topic, from_start: boolean): void {
    if (from_start) this.#continuity.awaitSnapshot(topic.key);
    else this.#continuity.await(topic.key);
    topic.due = true;
    this.#pumpSoon(0);
  }

  #pumpSoon(wait_ms: number): void {
    if (this.#pump !== undefined) return;
    this.#pump = setTimeout(() => {
      this.#pump = undefined;
      this.#pumpOut();
    }, wait_ms);
  }

  #pumpOut(): void {
    if (this.#welcome === null || this.#budget === null || this.#socket === null) return;
    const most = this.#welcome.limits.subscriptions_max ?? DEFAULT_SUBSCRIPTIONS;
    for (;;) {
      const wait_ms = this.#budget.take(Date.now());
      if (0 < wait_ms) {
        this.#pumpSoon(wait_ms);
        return;
      }
      const positionOf = (key: string) => this.#continuity.position(key);
      const command = this.#topics.next(this.#next_id, Date.now(), most, positionOf);
      if (command === undefined) break;
      this.#send(command);
    }
    for (const topic of this.#topics.all()) {
      if (topic.refusal !== null) this.events.refused(topic, topic.refusal);
    }
  }

  #send(command: Command): void {
    this.#next_id += 1;
    if (command.op === 'subscribe') {
      const keys = command.instruments.map((name) => topicKey(command.channel, name));
      this.#sent.set(command.id, keys);
    }
    this.#socket?.send(encodeCommand(this.#socket.protocol, command));
  }

  /** Once a second: is the hub still there, and did it answer everything? */
  #patrol(): void {
    const now_ms = Date.now();
    if (this.#socket === null) {
      this.#vigil.rest(now_ms);
      return;
    }
    const { finding, silence_ms } = this.#vigil.look(now_ms, this.#link, this.#welcome);
    if (finding === 'gone') {
      const silent = `nothing was heard for ${Math.round(silence_ms / 1_000)} s`;
      this.#drop(this.#welcome === null ? 'the hub does not answer' : silent, 0);
      return;
    }
    if (this.#welcome === null) return;
    if (SETTLED_MS < now_ms - this.#link.since_ms) this.#backoff.settle();
    if (finding === 'ask') this.#send({ op: 'ping', id: this.#next_id });
    this.#askForAnswers(now_ms);
  }

  #askForAnswers(now_ms: number): void {
    for (const topic of this.#topics.all()) {
      if (topic.due || this.#continuity.isFollowing(topic.key)) continue;
      const patience_ms = topic.refusal === null ? ANSWER_MS : RETRY_REFUSED_MS;
      if (patience_ms < now_ms - (topic.asked_ms ?? now_ms)) this.#askAgain(topic, true);
    }
  }

  #drop(reason: string, floor_ms: number | null): void {
    const socket = this.#socket;
    this.#socket = null;
    const was_live = this.#welcome !== null;
    this.#welcome = null;
    this.#continuity.awaitAll();
    if (was_live) this.events.doubt(this.#topics.all());
    socket?.close();
    clearTimeout(this.#retry);
    const told = { reason, since_ms: Date.now(), losses: this.#link.losses + (was_live ? 1 : 0) };
    if (floor_ms === null) {
      this.#tell({ ...told, phase: 'refused', retry_at_ms: null });
      return;
    }
    const wait_ms = this.#backoff.next(Math.max(floor_ms, this.#bye_ms ?? 0));
    this.#retry = setTimeout(() => this.#connect(), wait_ms);
    // A hub on this very machine may be there without any network: it is tried all the same.
    const phase = navigator.onLine === false ? 'offline' : 'reconnecting';
    this.#tell({ ...told, phase, retry_at_ms: Date.now() + wait_ms });
  }

  #tell(change: Partial<Link>): void {
    this.#link = { ...this.#link, ...change };
    this.events.link(this.#link);
  }
}
