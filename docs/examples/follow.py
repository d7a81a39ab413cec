#!/usr/bin/env python3
"""Follow a book and a quote: fold snapshots and deltas, and print what the hub says over REST.

    pip install websockets
    python3 follow.py ws://127.0.0.1:8080/ws SIM:ACME
"""
import asyncio, json, sys, urllib.parse, urllib.request
import websockets


def fold(state, message):
    """Lay one message over what is known; says so when a change is missing."""
    key, data = message["channel"], message["data"]
    if message["op"] == "snapshot":
        state[key] = {"seq": message["seq"], "data": dict(data)}
        return
    known = state[key]
    assert message["first"] == known["seq"] + 1, f"a gap on {key}: subscribe again with resume"
    known["seq"] = message["last"]
    for name, value in data.items():
        if name in ("bids", "asks"):
            levels = dict(map(tuple, known["data"][name]))
            levels.update(map(tuple, value))
            left = [[price, qty] for price, qty in levels.items() if qty != "0"]
            value = sorted(left, key=lambda level: float(level[0]), reverse=name == "bids")
        known["data"][name] = value


async def follow(url, instrument, seconds):
    state = {}
    async with websockets.connect(url, subprotocols=["tickwire.v1.json"]) as socket:
        for nth, channel in enumerate(["quote", "book.5"]):
            await socket.send(json.dumps({"op": "subscribe", "id": nth, "channel": channel,
                                          "instruments": [instrument], "tick_ms": 100}))
        until = asyncio.get_running_loop().time() + seconds
        while (left := until - asyncio.get_running_loop().time()) > 0:
            try:
                frame = await asyncio.wait_for(socket.recv(), left)
            except asyncio.TimeoutError:
                break
            for message in json.loads(frame):
                if message["op"] in ("snapshot", "delta"):
                    fold(state, message)
                elif message["op"] == "state":
                    state[message["channel"]]["data"]["state"] = message["state"]
    print(json.dumps(state))


asyncio.run(follow(sys.argv[1], sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else 5))
