"""Independent reader of the `tickwire.v1.msgpack` subprotocol, written from docs/protocol.md.

It turns MessagePack frames into the messages of the JSON subprotocol:

    decode_msgpack.py --golden FILE                  decode stored frames, compare with their JSON
    decode_msgpack.py WS_URL INSTRUMENT SECONDS      follow one instrument, print the folded state

The live mode prints {channel: {"seq", "epoch", "data"}}; on `trade`, `data` is the items of the last
snapshot and all that came after it. Exit code 1: a difference, or a violation of the protocol.
"""

import contextlib
import json
import sys
import time
from decimal import Decimal
from pathlib import Path

import msgpack

LIVE_CHANNELS = ("quote", "stats", "book.5", "trade", "bars.1s", "bars.1m")
CONTROL_OPS = dict(enumerate("welcome subscribed unsubscribed pong authed error heartbeat bye".split(), 1))
DATA_OPS = {16: "delta", 17: "event", 18: "snapshot", 19: "resumed", 20: "state"}
# Fields by bit: those of a channel, those that mean the same on every channel, those of a bar.
CHANNEL_FIELDS = {
    "quote": "bid bid_qty ask ask_qty ts state".split(), "book": "bids asks ts state".split(),
    "stats": "last last_qty open high low prev_close volume notional vwap trades change ts".split(),
    "trade": ["items"], "bars": ["bars"]}
COMMON_FIELDS = {16: "epoch", 17: "price_exp", 18: "qty_exp", 19: "missed", 20: "con"}
BAR_FIELDS = dict(enumerate("open high low close volume notional vwap trades rev state".split()))
TRADE_ITEMS = {0: "trade_id price qty aggressor ts".split(), 1: ["cancel", "ts"],
               2: "correct price qty ts".split()}
PRICE_FIELDS = "price bid ask last open high low close prev_close change".split()
QTY_FIELDS = "qty bid_qty ask_qty last_qty volume".split()


class Violation(Exception):
    """The peer broke the protocol."""


def named_values(mask, values, names):
    """{name: value} of a bit set, `names` by bit; the values of unknown bits are skipped."""
    bits = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
    if len(values) < len(bits):
        raise Violation(f"mask {mask:#x} promises {len(bits)} values, {len(values)} came")
    return {names[bit]: value for bit, value in zip(bits, values) if bit in names}


def json_value(name, value, ref):
    """A field as JSON shows it: a decimal's text, a book side's levels, anything else as it came."""
    if name in ("bids", "asks"):
        return [[json_value("price", price, ref), json_value("qty", qty, ref) if qty else "0"]
                for price, qty in zip(value[0::2], value[1::2], strict=True)]
    price_exp, qty_exp = ref["price_exp"], ref["qty_exp"]
    exp = {"notional": price_exp + qty_exp, "vwap": price_exp + 8}.get(
        name, price_exp if name in PRICE_FIELDS else qty_exp if name in QTY_FIELDS else None)
    if exp is None or value is None:
        return value
    digits = str(abs(int(value))).rjust(exp + 1, "0")
    text = f"{digits[:-exp]}.{digits[-exp:]}" if exp else digits
    return "-" + text if int(value) < 0 else text


def json_fields(fields, ref):
    return {name: json_value(name, value, ref) for name, value in fields.items()}


def json_data_message(op, ref, last, count, mask, values):
    """One positional message as its JSON one; new exps are taken into `ref`."""
    own_names = CHANNEL_FIELDS[ref["channel"].split(".")[0]]
    fields = named_values(mask, values, dict(enumerate(own_names)) | COMMON_FIELDS)
    common = {name: fields.pop(name) for name in COMMON_FIELDS.values() if name in fields}
    # New exps stand after the values, and already hold for them.
    ref.update((name, common[name]) for name in ("price_exp", "qty_exp") if name in common)
    message = {"op": op, "channel": ref["channel"], "instrument": ref["instrument"]} | common
    if op in ("delta", "event"):
        message |= {"first": last - count + 1, "last": last}
    elif op in ("snapshot", "resumed"):
        message["seq"] = last
    if op in ("resumed", "state"):
        message["state"] = fields.get("state")
    elif own_names == ["items"]:
        message["data"] = [json_fields(dict(zip(TRADE_ITEMS[kind], item)), ref)
                           for kind, *item in fields.get("items", [])]
    elif own_names == ["bars"]:
        message["data"] = [{"start": start} | json_fields(named_values(bar_mask, bar, BAR_FIELDS), ref)
                           for start, bar_mask, *bar in fields.get("bars", [])]
    else:
        message["data"] = json_fields(fields, ref)
    return message


def json_messages(frame, refs):
    """The JSON messages of one frame; `refs` grows with every `subscribed`."""
    for code, *rest in msgpack.unpackb(frame):
        if code in CONTROL_OPS:
            message = {"op": CONTROL_OPS[code]} | rest[0]
            if message["op"] == "subscribed":
                for instrument, told in message.get("instruments", {}).items():
                    refs[told["ref"]] = {"channel": message["channel"], "instrument": instrument} | told
            yield message
        elif code in DATA_OPS:
            ref_number, last, count, mask, *values = rest
            if ref_number not in refs:
                raise Violation(f"{DATA_OPS[code]} with the unknown ref {ref_number}")
            yield json_data_message(DATA_OPS[code], refs[ref_number], last, count, mask, values)


def fold(channel, data, change):
    """The channel's data after a change, both in the shapes of the JSON protocol."""
    if channel == "trade":
        return data + change
    if channel.startswith("bars."):
        bars = {bar["start"]: bar for bar in data}
        for bar in change:
            bars[bar["start"]] = bars.get(bar["start"], {}) | bar
            if len(bars[bar["start"]]) <= len(BAR_FIELDS):
                raise Violation(f"{channel}: the new bar {bar} lacks fields")
        return [bars[start] for start in sorted(bars)]
    folded = data | change
    for side in {"bids", "asks"} & change.keys():
        levels = dict(data.get(side, []) + change[side])
        kept = [[price, qty] for price, qty in levels.items() if qty != "0"]
        folded[side] = sorted(kept, key=lambda level: Decimal(level[0]), reverse=side == "bids")
    return folded


def fold_message(states, message):
    """Fold one JSON message into the states, by channel."""
    op, channel = message["op"], message.get("channel")
    if op in ("error", "bye") or message.get("errors"):
        raise Violation(f"the hub said {json.dumps(message)}")
    if op in CONTROL_OPS.values():
        return
    state = states.get(channel)
    if op == "snapshot":
        data = fold(channel, type(message["data"])(), message["data"])
        states[channel] = {"seq": message["seq"], "epoch": message["epoch"], "data": data}
    elif state is None:
        raise Violation(f"{channel}: {op} before any snapshot")
    elif op in ("delta", "event"):
        if message["first"] != state["seq"] + 1 or message["last"] < message["first"]:
            raise Violation(f"{channel}: {op} {message['first']}..{message['last']} after {state['seq']}")
        state |= {"seq": message["last"], "data": fold(channel, state["data"], message["data"])}
    elif op == "resumed" and (message["seq"], message["epoch"]) != (state["seq"], state["epoch"]):
        raise Violation(f"{channel}: resumed at {message['seq']}, not at {state['seq']}")
    elif message["state"]:
        state["data"]["state"] = message["state"]


def follow(url, instrument, seconds):
    from websockets.sync.client import connect
    refs, states = {}, {}
    with connect(url, subprotocols=["tickwire.v1.msgpack"], max_size=None) as socket:
        if socket.subprotocol is None:
            raise Violation("the hub does not speak tickwire.v1.msgpack")
        for number, channel in enumerate(LIVE_CHANNELS, 1):
            socket.send(msgpack.packb({"op": "subscribe", "id": number, "channel": channel,
                                       "instruments": [instrument], "tick_ms": 50}))
        deadline = time.monotonic() + float(seconds)
        with contextlib.suppress(TimeoutError):
            while (left := deadline - time.monotonic()) > 0:
                for message in json_messages(socket.recv(timeout=left), refs):
                    fold_message(states, message)
    if missing := [channel for channel in LIVE_CHANNELS if channel not in states]:
        raise Violation(f"no snapshot of {', '.join(missing)}")
    print(json.dumps(states))


def differences(expected, decoded, path):
    if isinstance(expected, list) and isinstance(decoded, list):
        expected, decoded = dict(enumerate(expected)), dict(enumerate(decoded))
    if isinstance(expected, dict) and isinstance(decoded, dict):
        for key in sorted(expected.keys() | decoded.keys()):
            pair = (side.get(key, "<absent>") for side in (expected, decoded))
            yield from differences(*pair, f"{path}[{json.dumps(key)}]")
    elif type(expected) is not type(decoded) or expected != decoded:
        yield f"{path}: JSON has {json.dumps(expected)}, decoded {json.dumps(decoded)}"


def check_golden(path):
    failed = False
    for frame in json.loads(Path(path).read_text()):
        refs = {int(number): ref for number, ref in frame["refs"].items()}
        try:
            found = list(differences(frame["json"], list(json_messages(bytes.fromhex(frame["msgpack"]), refs)), "frame"))
        except (Violation, LookupError, TypeError, ValueError) as error:
            found = [f"cannot decode: {error!r}"]
        print(f"{frame['name']}: {'DIFFERS' if found else 'ok'}", *found, sep="\n    ")
        failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    try:
        sys.exit(check_golden(sys.argv[2]) if sys.argv[1] == "--golden" else follow(*sys.argv[1:]))
    except Exception as failure:  # a broken frame or connection is as much a failure as a violation
        sys.exit(f"{type(failure).__name__}: {failure}")
