/** Arithmetic on exact decimals, by integers of any size. Nothing here is rounded unless its name says so. */

import type { Decimal } from '../state/shapes.ts';

export interface Amount {
  mantissa: bigint;
  /** Decimals: the value is mantissa / 10^exp. */
  exp: number;
}

export function parse(text: Decimal): Amount {
  const point = text.indexOf('.');
  if (point === -1) return { mantissa: BigInt(text), exp: 0 };
  const exp = text.length - point - 1;
  return { mantissa: BigInt(text.slice(0, point) + text.slice(point + 1)), exp };
}

export function format({ mantissa, exp }: Amount): Decimal {
  if (exp === 0) return mantissa.toString();
  const negative = mantissa < 0n;
  const digits = (negative ? -mantissa : mantissa).toString().padStart(exp + 1, '0');
  const cut = digits.length - exp;
  return `${negative ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}

export function add(left: Decimal, right: Decimal): Decimal {
  return combine(left, right, (a, b) => a + b);
}

export function subtract(left: Decimal, right: Decimal): Decimal {
  return combine(left, right, (a, b) => a - b);
}

/** 1, 0 or -1. */
export function sign(value: Decimal): -1 | 0 | 1 {
  const { mantissa } = parse(value);
  return mantissa === 0n ? 0 : mantissa < 0n ? -1 : 1;
}

/** `part` of `whole` in percent, rounded to two decimals, halves away from zero; null of nothing. */
export function percent(part: Decimal, whole: Decimal): Decimal | null {
  return rounded(part, whole, 10_000n, 2);
}

/** The same in hundredths of a percent, to one decimal. */
export function basisPoints(part: Decimal, whole: Decimal): Decimal | null {
  return rounded(part, whole, 100_000n, 1);
}

function rounded(part: Decimal, whole: Decimal, times: bigint, exp: number): Decimal | null {
  const [a, b] = aligned(part, whole);
  return b === 0n ? null : format({ mantissa: roundedRatio(a * times, b), exp });
}

/** `part` of `whole` in thousandths, cut to 0…1000: a length on the screen, not a figure. */
export function perMille(part: Decimal, whole: Decimal): number {
  const [a, b] = aligned(part, whole);
  if (b <= 0n || a <= 0n) return 0;
  return b <= a ? 1_000 : Number((a * 1_000n) / b);
}

/** With a plus before what is above zero: a sign that needs no colour. */
export function signed(value: Decimal): string {
  return sign(value) === 1 ? `+${value}` : value;
}

/** With blanks between groups of three whole digits (narrow ones, that copy as blanks). */
export function grouped(value: Decimal): string {
  const [whole = '', fraction] = value.split('.');
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

function combine(left: Decimal, right: Decimal, by: (a: bigint, b: bigint) => bigint): Decimal {
  const [a, b, exp] = aligned(left, right);
  return format({ mantissa: by(a, b), exp });
}

function aligned(left: Decimal, right: Decimal): [bigint, bigint, number] {
  const a = parse(left);
  const b = parse(right);
  const exp = Math.max(a.exp, b.exp);
  return [a.mantissa * 10n ** BigInt(exp - a.exp), b.mantissa * 10n ** BigInt(exp - b.exp), exp];
}

function roundedRatio(a: bigint, b: bigint): bigint {
  const negative = a < 0n !== b < 0n;
  const top = a < 0n ? -a : a;
  const bottom = b < 0n ? -b : b;
  const rounded = (2n * top + bottom) / (2n * bottom);
  return negative ? -rounded : rounded;
}
