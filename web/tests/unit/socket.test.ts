import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BACKOFF_MOST_MS, Backoff } from '../../src/socket/backoff.ts';
import { Budget } from '../../src/socket/budget.ts';
import { HubClient } from '../../src/socket/client.ts';
import type { Link } from '../../src/socket/link.ts';
import type { DataMessage } from '../../src/wire/message.ts';
import { FakeSocket } from './fakesocket.ts';

const A = { channel: 'quote', instrument: 'SIM:A' };

class Bench {
  readonly sockets: FakeSocket[] = [];
  readonly data: DataMessage[] = [];
  readonly doubts: string[] = [];
  readonly refusals: string[] = [];
  link: Link | null = null;
  readonly client = new HubClient(
    () => {
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return socket;
    },
    {
      data: (message) => this.data.push(message),
      doubt: (topics) => this.doubts.push(...[...topics].map(({ key }) => key)),
      refused: (topic, { code }) => this.refusals.push(`${topic.key}: ${code}`),
      link: (link) => {
        this.link = link;
      },
    },
    () => 1,
  );

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error('no socket was opened');
    return last;
  }

  /** Live, with SIM:A's quote at e:10. */
  async settled(): Promise<FakeSocket> {
    this.client.start();
    this.client.follow('quote', ['SIM:A'], 100);
    this.socket.welcome();
    await vi.advanceTimersByTimeAsync(1);
    this.socket.hear({ op: 'snapshot', ...A, epoch: 'e', seq: 10, data: { bid: '1' } });
    return this.socket;
  }

  seen(): string[] {
    return this.data.map((message) => {
      if (message.op === 'snapshot' || message.op === 'resumed')
        return `${message.op} ${message.seq}`;
      return 'first' in message ? `${message.op} ${message.first}-${message.last}` : message.op;
    });
  }
}

const delta = (first: number, last = first) => ({ op: 'delta', ...A, first, last, data: {} });

const machine = { onLine: true };

beforeEach(() => {
  machine.onLine = true;
  vi.stubGlobal('navigator', machine);
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('continuity', () => {
  it('takes what follows, drops what was seen', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    socket.hear(delta(11), delta(9, 10), delta(11), delta(12, 15));
    expect(bench.seen()).toEqual(['snapshot 10', 'delta 11-11', 'delta 12-15']);
    expect(socket.subscriptions()).toEqual(['quote SIM:A']);
  });

  it('asks to resume on a gap and takes nothing until it is answered', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    await vi.advanceTimersByTimeAsync(3_000);
    socket.hear(delta(13), delta(14));
    await vi.advanceTimersByTimeAsync(5);
    expect(bench.doubts).toEqual(['quote SIM:A']);
    expect(socket.subscriptions()).toEqual(['quote SIM:A', 'quote SIM:A@e:10']);

    socket.hear(
      { op: 'resumed', ...A, epoch: 'e', seq: 10, state: 'live' },
      delta(11, 14),
      delta(15),
    );
    expect(bench.seen()).toEqual(['snapshot 10', 'resumed 10', 'delta 11-14', 'delta 15-15']);
  });

  it('takes a snapshot as the answer where resuming is not possible', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    await vi.advanceTimersByTimeAsync(3_000);
    socket.hear(delta(20));
    socket.hear({ op: 'snapshot', ...A, epoch: 'f', seq: 3, data: {} }, delta(4));
    expect(bench.seen()).toEqual(['snapshot 10', 'snapshot 3', 'delta 4-4']);
  });

  it('begins anew when a healed topic breaks again at once', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    await vi.advanceTimersByTimeAsync(3_000);
    socket.hear(delta(13));
    await vi.advanceTimersByTimeAsync(5);
    socket.hear({ op: 'resumed', ...A, epoch: 'e', seq: 10, state: null }, delta(12));
    await vi.advanceTimersByTimeAsync(5);
    expect(socket.subscriptions()).toEqual(['quote SIM:A', 'quote SIM:A@e:10', 'quote SIM:A']);
  });

  it('distrusts an answer that stands elsewhere', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    await vi.advanceTimersByTimeAsync(3_000);
    socket.hear(delta(13));
    await vi.advanceTimersByTimeAsync(5);
    socket.hear({ op: 'resumed', ...A, epoch: 'e', seq: 12, state: null }, delta(13));
    await vi.advanceTimersByTimeAsync(5);
    expect(bench.seen()).toEqual(['snapshot 10']);
    expect(socket.subscriptions().at(-1)).toBe('quote SIM:A');
  });

  it('asks again when the hub does not answer a subscription', async () => {
    const bench = new Bench();
    bench.client.start();
    bench.client.follow('quote', ['SIM:A'], 100);
    bench.socket.welcome();
    for (let second = 0; second < 12; second++) {
      await vi.advanceTimersByTimeAsync(1_000);
      bench.socket.hear({ op: 'heartbeat', server_time: 0 });
    }
    expect(bench.socket.subscriptions()).toEqual(['quote SIM:A', 'quote SIM:A']);
  });
});

describe('reconnecting', () => {
  it('resumes everything where it stood', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    bench.client.follow('trade', ['SIM:A'], 50);
    await vi.advanceTimersByTimeAsync(5);
    socket.hear(delta(11));
    socket.end(1006);
    expect(bench.link?.phase).toBe('reconnecting');
    expect(bench.doubts.sort()).toEqual(['quote SIM:A', 'trade SIM:A']);

    await vi.advanceTimersByTimeAsync(500);
    expect(bench.sockets).toHaveLength(2);
    bench.socket.welcome();
    await vi.advanceTimersByTimeAsync(5);
    expect(bench.link?.phase).toBe('live');
    // Trades were never answered, so there is nothing to resume; the selected symbol goes first.
    expect(bench.socket.subscriptions()).toEqual(['trade SIM:A', 'quote SIM:A@e:11']);
  });

  it('hears nothing from a connection that was given up', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    socket.end(1006);
    socket.hear(delta(11));
    expect(bench.seen()).toEqual(['snapshot 10']);
  });

  it('waits at least as long as the hub said in its bye', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    socket.hear({ op: 'bye', reconnect_after_ms: 4_000 });
    socket.end(1001);
    await vi.advanceTimersByTimeAsync(3_900);
    expect(bench.sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(700);
    expect(bench.sockets).toHaveLength(2);
  });

  it('gives up a silent hub after two heartbeats', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bench.link?.phase).toBe('live');
    await vi.advanceTimersByTimeAsync(1_100);
    expect(socket.closed).toBe(true);
    expect(bench.link?.reason).toMatch(/nothing was heard for 1[01] s/);
  });

  it('asks first after it has slept itself', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.link?.phase).toBe('live');
    expect(socket.said.at(-1)).toMatchObject({ op: 'ping' });
  });

  it.each([
    [4008, 'too slowly', 700],
    [4009, 'too many connections', 21_000],
    [4029, 'too often', 21_000],
    [1009, 'too large', 21_000],
  ])('after %i says why and tries again in time', async (code, why, within_ms) => {
    const bench = new Bench();
    const socket = await bench.settled();
    socket.end(code, 'the hub’s words');
    expect(bench.link?.reason).toContain(why);
    expect(bench.link?.reason).toContain('the hub’s words');
    await vi.advanceTimersByTimeAsync(within_ms);
    expect(bench.sockets).toHaveLength(2);
  });

  it.each([1008, 4001, 4003])('after %i stays away until it is told to try', async (code) => {
    const bench = new Bench();
    const socket = await bench.settled();
    socket.end(code);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(bench.link?.phase).toBe('refused');
    expect(bench.sockets).toHaveLength(1);
    bench.client.retryNow();
    expect(bench.sockets).toHaveLength(2);
  });

  it('says that the machine is offline, and tries all the same', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    machine.onLine = false;
    socket.end(1006);
    expect(bench.link?.phase).toBe('offline');
    await vi.advanceTimersByTimeAsync(600);
    expect(bench.sockets).toHaveLength(2);
  });

  it('drops what it cannot read and resumes', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    socket.hear({ op: 'delta', ...A, first: 11, last: 11, data: { bid: 1.5 } });
    expect(bench.link?.reason).toContain('unreadable');
    await vi.advanceTimersByTimeAsync(600);
    bench.socket.welcome();
    await vi.advanceTimersByTimeAsync(5);
    expect(bench.socket.subscriptions()).toEqual(['quote SIM:A@e:10']);
  });
});

describe('the hub’s limits', () => {
  it('are kept: so many subscriptions, with room for what is selected', async () => {
    const bench = new Bench();
    bench.client.start();
    const names = Array.from({ length: 30 }, (_, at) => `SIM:S${at}`);
    bench.client.follow('quote', names, 100);
    bench.socket.welcome({ subscriptions_max: 20, messages_per_second: 50 });
    await vi.advanceTimersByTimeAsync(5);
    bench.client.follow('trade', ['SIM:S29'], 50);
    await vi.advanceTimersByTimeAsync(5);
    expect(bench.socket.subscriptions()).toHaveLength(13);
    expect(bench.socket.subscriptions().at(-1)).toBe('trade SIM:S29');
    expect(new Set(bench.refusals).size).toBe(18);
  });

  it('are kept: so many messages a second', async () => {
    const bench = new Bench();
    bench.client.start();
    const channels = ['1s', '1m', '5m', '15m', '1h', '4h', '1d'] as const;
    bench.socket.welcome({ messages_per_second: 5 });
    for (const interval of channels) bench.client.follow(`bars.${interval}`, ['SIM:A'], 50);
    await vi.advanceTimersByTimeAsync(5);
    expect(bench.socket.said).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.socket.said).toHaveLength(7);
  });

  it('are told one by one where the hub refuses a name, and asked again later', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    bench.client.follow('quote', ['SIM:NO'], 100);
    await vi.advanceTimersByTimeAsync(5);
    const errors = {
      'SIM:NO': { code: 'unknown_instrument', message: 'nothing was ever heard of it' },
    };
    socket.hear({
      op: 'subscribed',
      id: 2,
      channel: 'quote',
      tick_ms: 100,
      instruments: {},
      errors,
    });
    expect(bench.refusals).toContain('quote SIM:NO: unknown_instrument');
    for (let second = 0; second < 17; second++) {
      await vi.advanceTimersByTimeAsync(1_000);
      socket.hear({ op: 'heartbeat', server_time: 0 });
    }
    expect(socket.subscriptions().at(-1)).toBe('quote SIM:NO');
  });
});

describe('leaving', () => {
  it('unsubscribes, and takes nothing that was on its way', async () => {
    const bench = new Bench();
    const socket = await bench.settled();
    bench.client.leave('quote', ['SIM:A']);
    await vi.advanceTimersByTimeAsync(5);
    expect(socket.said.at(-1)).toMatchObject({ op: 'unsubscribe', instruments: ['SIM:A'] });
    socket.hear(delta(11));
    expect(bench.seen()).toEqual(['snapshot 10']);
  });
});

describe('waiting', () => {
  it('grows, stays bounded, spreads, and begins anew once settled', () => {
    const calm = new Backoff(() => 1);
    const waits = Array.from({ length: 8 }, () => calm.next());
    expect(waits.slice(0, 3)).toEqual([500, 1_000, 2_000]);
    expect(Math.max(...waits)).toBe(BACKOFF_MOST_MS);
    calm.settle();
    expect(calm.next()).toBe(500);
    expect(new Backoff(() => 0).next()).toBe(250);
  });

  it('permits so many messages a second, evenly', () => {
    const budget = new Budget(0, 4);
    expect([budget.take(0), budget.take(0), budget.take(0), budget.take(0)]).toEqual([0, 0, 0, 0]);
    expect(budget.take(0)).toBe(250);
    expect(budget.take(250)).toBe(0);
    expect(budget.take(250)).toBe(250);
  });
});
