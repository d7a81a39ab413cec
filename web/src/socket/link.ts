/** How the connection stands, as the page tells it. */

export type Phase = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'refused';

export interface Link {
  phase: Phase;
  /** Wall time since when. */
  since_ms: number;
  /** Wall time of the next attempt; null where none is planned. */
  retry_at_ms: number | null;
  /** Why it is not live; empty where it is. */
  reason: string;
  /** Wall time of the last message of any kind. */
  heard_at_ms: number | null;
  /** The hub's clock minus this machine's. */
  clock_offset_ms: number;
  protocol: string;
  /** Times that the connection was lost since the page was opened. */
  losses: number;
}

export const FIRST_LINK: Link = {
  phase: 'connecting',
  since_ms: 0,
  retry_at_ms: null,
  reason: '',
  heard_at_ms: null,
  clock_offset_ms: 0,
  protocol: '',
  losses: 0,
};
