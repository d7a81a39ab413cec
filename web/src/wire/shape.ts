/** Reading what is inside values of unknown shape, and saying plainly where it is not as promised. */

import { type Decimal, isDecimal } from './decimal.ts';
import { WireError } from './message.ts';

export type Fields = Record<string, unknown>;

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new WireError(`${what} is not an object`);
}

export function listOf(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new WireError(`${what} is not a list`);
}

/** An integer; MessagePack hands over those beyond 32 bits as BigInt. */
export function integerOf(value: unknown, what: string): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new WireError(`${what} is not an integer`);
}

export function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new WireError(`${what} is not a text`);
}

export function decimalOf(value: unknown, what: string): Decimal {
  if (isDecimal(value)) return value;
  throw new WireError(`${what} is not a decimal`);
}
