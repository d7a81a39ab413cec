import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  format,
  grouped,
  parse,
  percent,
  perMille,
  sign,
  signed,
  subtract,
} from '../../src/calc/amount.ts';
import { compareDecimals, isDecimal, isZero, mantissaText } from '../../src/wire/decimal.ts';

/** The model: a mantissa and the number of its decimals. */
const amounts = fc.record({
  mantissa: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
  exp: fc.integer({ min: 0, max: 18 }),
});

function atExp({ mantissa, exp }: { mantissa: bigint; exp: number }, wanted: number): bigint {
  return mantissa * 10n ** BigInt(wanted - exp);
}

describe('decimals of the wire', () => {
  it('are written with exactly their decimals, whatever the mantissa came as', () => {
    fc.assert(
      fc.property(amounts, ({ mantissa, exp }) => {
        const text = mantissaText(mantissa, exp);
        expect(mantissaText(mantissa.toString(), exp)).toBe(text);
        expect(isDecimal(text)).toBe(true);
        expect(text.includes('.') ? text.length - text.indexOf('.') - 1 : 0).toBe(exp);
        expect(parse(text)).toEqual({ mantissa, exp });
        expect(format({ mantissa, exp })).toBe(text);
      }),
    );
  });

  it('keep what a double would lose', () => {
    expect(mantissaText(9_223_372_036_854_775_807n, 2)).toBe('92233720368547758.07');
    expect(mantissaText(-5, 3)).toBe('-0.005');
    expect(mantissaText(0, 2)).toBe('0.00');
  });

  it('compare as their values do, at any scale and sign', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const [left, right] = [atExp(a, 18), atExp(b, 18)];
        const model = left < right ? -1 : left > right ? 1 : 0;
        expect(Math.sign(compareDecimals(format(a), format(b)))).toBe(model);
      }),
    );
  });

  it('compare as equal where only the writing differs', () => {
    expect(compareDecimals('1.5', '1.500')).toBe(0);
    expect(compareDecimals('-0.0', '0')).toBe(0);
    expect(compareDecimals('10', '9.99')).toBeGreaterThan(0);
    expect(compareDecimals('-10', '-9.99')).toBeLessThan(0);
  });

  it('know zero however it is written, and what is no decimal', () => {
    expect(['0', '0.000', '-0.0'].every(isZero)).toBe(true);
    expect(isZero('0.001')).toBe(false);
    expect(['', '1e5', '.5', '5.', 'NaN', '+1', ' 1'].some(isDecimal)).toBe(false);
  });
});

describe('arithmetic', () => {
  it('adds and subtracts as whole numbers do', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const exp = Math.max(a.exp, b.exp);
        const [left, right] = [atExp(a, exp), atExp(b, exp)];
        expect(add(format(a), format(b))).toBe(format({ mantissa: left + right, exp }));
        expect(subtract(format(a), format(b))).toBe(format({ mantissa: left - right, exp }));
      }),
    );
  });

  it('rounds percentages to the nearest hundredth, halves away from zero', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const [part, whole] = [atExp(a, 18), atExp(b, 18)];
        fc.pre(whole !== 0n);
        const told = parse(percent(format(a), format(b)) ?? '').mantissa;
        // |told − exact| ≤ ½, all times |whole|.
        const size = whole < 0n ? -whole : whole;
        const error = told * whole - part * 10_000n;
        const distance = 2n * (error < 0n ? -error : error);
        expect(distance <= size).toBe(true);
      }),
    );
    expect(percent('0.005', '100')).toBe('0.01');
    expect(percent('-0.005', '100')).toBe('-0.01');
    expect(percent('1', '0')).toBeNull();
  });

  it('cuts shares to 0…1000', () => {
    expect([
      perMille('1', '3'),
      perMille('5', '5'),
      perMille('9', '5'),
      perMille('1', '0'),
    ]).toEqual([333, 1_000, 1_000, 0]);
  });

  it('tells signs', () => {
    expect([sign('-0.01'), sign('0.00'), sign('3')]).toEqual([-1, 0, 1]);
    expect([signed('0.10'), signed('-0.10'), signed('0.00')]).toEqual(['+0.10', '-0.10', '0.00']);
  });

  it('groups whole digits only', () => {
    expect(grouped('1234567.1234567')).toBe('1\u202f234\u202f567.1234567');
    expect(grouped('-1234')).toBe('-1\u202f234');
    expect(grouped('123')).toBe('123');
  });
});
