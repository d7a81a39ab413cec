/** The channels of the protocol and what each of them is named. */

export const INTERVALS = ['1s', '1m', '5m', '15m', '1h', '4h', '1d'] as const;

export type Interval = (typeof INTERVALS)[number];

export type Channel = 'quote' | 'stats' | 'trade' | `book.${number}` | `bars.${Interval}`;

export type ChannelKind = 'quote' | 'stats' | 'trade' | 'book' | 'bars';

const LENGTH_S: Record<Interval, number> = {
  '1s': 1,
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': 3_600,
  '4h': 14_400,
  '1d': 86_400,
};

export function isInterval(text: string): text is Interval {
  return (INTERVALS as readonly string[]).includes(text);
}

/** How long a bar is, in microseconds, the unit of times on the wire. */
export function intervalUs(interval: Interval): number {
  return LENGTH_S[interval] * 1_000_000;
}

/** What a channel carries; undefined where this program does not know it. */
export function kindOf(channel: string): ChannelKind | undefined {
  if (channel === 'quote' || channel === 'stats' || channel === 'trade') return channel;
  if (/^book\.[1-9]\d*$/.test(channel)) return 'book';
  if (channel.startsWith('bars.') && isInterval(channel.slice(5))) return 'bars';
  return undefined;
}
