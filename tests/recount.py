#!/usr/bin/env python3
"""Count every bar again from the trades, by the rules alone, and compare with what is stored."""
import json, sys
from collections import defaultdict
from decimal import Decimal, getcontext, ROUND_DOWN

getcontext().prec = 80
LENGTHS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14400, "1d": 86400}

given = json.load(open(sys.argv[1]))
buckets = defaultdict(list)
for instrument, ts_ns, trade_id, price, qty, state in given["trades"]:
    if state == "canceled":
        continue
    # The simulator numbers its trades: that is their order among equal times.
    place = (int(ts_ns), int(trade_id.rsplit("-", 1)[1]))
    for name, seconds in LENGTHS.items():
        start = int(ts_ns) // (seconds * 10**9) * seconds
        buckets[instrument, name, start].append((place, Decimal(price), Decimal(qty)))

equal, wrong, stored = 0, [], set()
for instrument, name, start, *row in given["bars"]:
    key = (instrument, name, int(start))
    stored.add(key)
    trades = sorted(buckets[key])
    if not trades:
        wrong.append((key, "holds no trade", row))
        continue
    prices = [price for _, price, _ in trades]
    volume = sum(qty for _, _, qty in trades)
    notional = sum(price * qty for _, price, qty in trades)
    stored_vwap = Decimal(row[6])
    vwap = (notional / volume).quantize(stored_vwap, rounding=ROUND_DOWN)
    counted = [prices[0], max(prices), min(prices), prices[-1], volume, notional, vwap, len(trades)]
    if [Decimal(value) for value in row] == counted:
        equal += 1
    else:
        wrong.append((key, counted, row))
# Bars are stored once they close: only the last ones of an instrument may be missing.
last = {i: max(start for (j, _, start) in buckets if j == i) for i in {i for i, _, _ in buckets}}
for instrument, name, start in set(buckets) - stored:
    if start + LENGTHS[name] <= last[instrument] - 1:
        wrong.append(((instrument, name, start), "is not stored", None))
print(f"{equal} bars equal, {len(wrong)} wrong")
for fault in wrong[:10]:
    print(*fault)
sys.exit(1 if wrong or not equal else 0)
