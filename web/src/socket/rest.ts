/** Questions to the hub's REST API: whole answers, page after page, each with a time limit. */

import type { Interval } from '../wire/channel.ts';
import {
  type Definition,
  decodeBars,
  decodeInstruments,
  decodeReadiness,
  type Page,
  type Readiness,
  type StoredBar,
} from '../wire/rest.ts';

const ANSWER_MS = 10_000;
const INSTRUMENTS_PER_PAGE = 1_000;
/** Ten thousand instruments: more than a watchlist can show in any useful way. */
const PAGES_MAX = 10;

export type Get = (path: string, signal: AbortSignal) => Promise<Response>;

/** The hub answered, but with a fault; `code` is its stable one. */
export class AnswerError extends Error {
  override name = 'AnswerError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export class Rest {
  constructor(private readonly get: Get) {}

  async instruments(signal?: AbortSignal): Promise<Definition[]> {
    const found: Definition[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page++) {
      const query = new URLSearchParams({ limit: String(INSTRUMENTS_PER_PAGE) });
      if (cursor !== null) query.set('cursor', cursor);
      const answer: Page<Definition> = decodeInstruments(
        await this.#ask(`/api/v1/instruments?${query}`, signal),
      );
      found.push(...answer.items);
      cursor = answer.next;
      if (cursor === null) break;
    }
    return found;
  }

  /** Bars that start in `[from_us, to_us)`, earliest first, at most `limit`. */
  async bars(
    instrument: string,
    interval: Interval,
    span: { from_us: number; to_us: number },
    limit: number,
    signal?: AbortSignal,
  ): Promise<Page<StoredBar>> {
    const query = new URLSearchParams({
      instrument,
      interval,
      from: nanoseconds(span.from_us),
      to: nanoseconds(span.to_us),
      limit: String(limit),
    });
    return decodeBars(await this.#ask(`/api/v1/bars?${query}`, signal));
  }

  /** A hub that is not ready says so with 503, and with what is away all the same. */
  async readiness(): Promise<Readiness> {
    return decodeReadiness(await this.#ask('/readyz', undefined, 503));
  }

  async #ask(path: string, signal?: AbortSignal, also_status?: number): Promise<unknown> {
    const limit = AbortSignal.timeout(ANSWER_MS);
    const response = await this.get(path, signal ? AbortSignal.any([signal, limit]) : limit);
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok || response.status === also_status) return answer;
    const problem = (answer ?? {}) as { code?: unknown; detail?: unknown };
    throw new AnswerError(
      String(problem.code ?? response.status),
      String(problem.detail ?? `the hub answered ${response.status}`),
    );
  }
}

function nanoseconds(us: number): string {
  return us <= 0 ? '0' : `${us}000`;
}
