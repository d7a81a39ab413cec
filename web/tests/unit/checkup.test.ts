import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rest } from '../../src/socket/rest.ts';
import { Checkup } from '../../src/state/checkup.ts';
import { decodeReadiness } from '../../src/wire/rest.ts';

const WELL = { ready: true, dependencies: { kafka: { state: 'ok', fault: null } } };
const ILL = { ready: false, dependencies: { kafka: { state: 'down', fault: 'gone' } } };

describe('an answer on readiness', () => {
  it('tells what is away and why', () => {
    expect(decodeReadiness(WELL)).toEqual({ ready: true, away: [] });
    expect(decodeReadiness(ILL)).toEqual({
      ready: false,
      away: [{ name: 'kafka', fault: 'gone' }],
    });
  });

  it('is refused where it is something else', () => {
    expect(() => decodeReadiness(null)).toThrow();
    expect(() => decodeReadiness({ dependencies: {} })).toThrow();
    expect(() => decodeReadiness({ ready: true, dependencies: { kafka: 'ok' } })).toThrow();
  });
});

describe('the checkup', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function bench(status = 200, body: unknown = WELL) {
    const hub = { status, body, asked: 0 };
    const rest = new Rest(async (path) => {
      expect(path).toBe('/readyz');
      hub.asked += 1;
      return new Response(JSON.stringify(hub.body), { status: hub.status });
    });
    const changes: unknown[] = [];
    const checkup: Checkup = new Checkup(rest, () => changes.push(checkup.told));
    return { hub, changes, checkup };
  }

  it('asks once the hub is there, then every five seconds, and tells changes alone', async () => {
    const { hub, changes, checkup } = bench();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(hub.asked).toBe(0);
    checkup.look(true, false);
    checkup.look(true, false);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(hub.asked).toBe(3);
    expect(changes).toEqual([{ ready: true, away: [] }]);
    hub.status = 503;
    hub.body = ILL;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(changes.at(-1)).toEqual({ ready: false, away: [{ name: 'kafka', fault: 'gone' }] });
  });

  it('rests while nobody looks and asks at once when somebody does again', async () => {
    const { hub, checkup } = bench();
    checkup.look(true, true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(hub.asked).toBe(0);
    checkup.look(true, false);
    await vi.advanceTimersByTimeAsync(1);
    checkup.look(true, true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(hub.asked).toBe(1);
  });

  it('knows nothing without a connection, nor of a hub that does not tell', async () => {
    const { hub, changes, checkup } = bench();
    checkup.look(true, false);
    await vi.advanceTimersByTimeAsync(1);
    checkup.look(false, false);
    expect(changes.at(-1)).toBeNull();
    hub.status = 404;
    checkup.look(true, false);
    await vi.advanceTimersByTimeAsync(1);
    expect(checkup.told).toBeNull();
    expect(hub.asked).toBe(2);
  });
});
