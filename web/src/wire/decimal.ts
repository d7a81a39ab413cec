/**
 * Decimals as the wire means them: exact text, never binary floating point.
 *
 * Both codecs end here in the same text, written with exactly the decimals the instrument has.
 */

/** An exact decimal, such as `"61000.10"` or `"-3"`. */
export type Decimal = string;

const SHAPE = /^-?\d+(\.\d+)?$/;

export function isDecimal(value: unknown): value is Decimal {
  return typeof value === 'string' && SHAPE.test(value);
}

/** The decimal whose value is `mantissa` / 10^`exp`, with exactly `exp` decimals. */
export function mantissaText(mantissa: number | bigint | string, exp: number): Decimal {
  const whole = typeof mantissa === 'string' ? mantissa : mantissa.toString();
  if (exp === 0) return whole;
  const negative = whole.startsWith('-');
  const digits = (negative ? whole.slice(1) : whole).padStart(exp + 1, '0');
  const cut = digits.length - exp;
  return `${negative ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}

/**
 * Below zero, zero or above it, as `left` is less than, equal to or greater than `right`.
 * Works on the text alone: prices of one book share their scale, and then length and letters decide.
 */
export function compareDecimals(left: Decimal, right: Decimal): number {
  if (left === right) return 0;
  const leftBelow = left.startsWith('-');
  const rightBelow = right.startsWith('-');
  if (leftBelow && rightBelow) return compareSizes(right.slice(1), left.slice(1));
  if (leftBelow || rightBelow) {
    if (isZero(left) && isZero(right)) return 0;
    return leftBelow ? -1 : 1;
  }
  return compareSizes(left, right);
}

/** Whether it is zero, however it is written: `"0"`, `"0.000"`. */
export function isZero(value: Decimal): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code > 48 && code <= 57) return false;
  }
  return true;
}

function compareSizes(left: Decimal, right: Decimal): number {
  const leftPoint = pointOf(left);
  const rightPoint = pointOf(right);
  if (leftPoint !== rightPoint) return leftPoint - rightPoint;
  // The same number of whole digits: letters decide, and "1.5" against "1.50" by the tail.
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const step = left.charCodeAt(at) - right.charCodeAt(at);
    if (step !== 0) return step;
  }
  const tail = left.length > right.length ? left.slice(shared) : right.slice(shared);
  if (isZero(tail)) return 0;
  return left.length - right.length;
}

function pointOf(size: Decimal): number {
  const point = size.indexOf('.');
  return point === -1 ? size.length : point;
}
