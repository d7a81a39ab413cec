/** What a close code means: whether trying again is worth it, how soon, and what to tell the trader. */

export interface Closing {
  /** Null: not by itself. */
  retry_floor_ms: number | null;
  reason: string;
}

const SLOW_RETRY_MS = 20_000;

export function closingOf(code: number, text: string): Closing {
  const told = text === '' ? '' : ` (${text})`;
  const soon = (reason: string): Closing => ({ retry_floor_ms: 0, reason: `${reason}${told}` });
  const later = (reason: string): Closing => ({
    retry_floor_ms: SLOW_RETRY_MS,
    reason: `${reason}${told}`,
  });
  const never = (reason: string): Closing => ({ retry_floor_ms: null, reason: `${reason}${told}` });
  switch (code) {
    case 1000:
    case 1001:
      return soon('the hub went away');
    case 1002:
    case 1007:
      return later('the hub could not read what this page sent');
    case 1008:
      return never('the hub refuses this connection by policy');
    case 1009:
      return later('a message was too large for the hub');
    case 4001:
      return never('the hub asks for a sign-in');
    case 4003:
      return never('this account may not see market data');
    case 4008:
      return soon('this page read too slowly and was cut off');
    case 4009:
      return later('the hub has too many connections or subscriptions');
    case 4029:
      return later('this page asked too often');
    default:
      return soon('the connection was lost');
  }
}
