"""Whether a node can be reached, and by which way: ping and traceroute."""
import os
import socket
import struct
import time

import wire
from craft import hop_limit, raw_socket, source_for
from ear import show_error
from probe import emit, meaning, open_udp, quoting


def ping(request, ear):
    """Echo requests, a second apart; ends once each has its answer, or `timeout` seconds after the last."""
    to, count, timeout = request["to"], request.get("count", 1), request.get("timeout", 5)
    version4 = wire.family_of(to) == socket.AF_INET
    ident = struct.unpack("!H", os.urandom(2))[0] or 1
    protocol, kind, answer = (wire.ICMP, 8, 0) if version4 else (wire.ICMPV6, 128, 129)
    position = ear.position()
    target = wire.pack(to)

    def replies(packet):
        same = packet["protocol"] == protocol and packet.get("type") == answer and packet.get("ident") == ident
        return same and wire.pack(packet["source"]) == target

    def refuses(packet):
        return quoting(protocol, to)(packet) and packet["quote"].get("ident") == ident

    replied, refused, stuck = set(), {}, 0
    for sequence in range(1, count + 1):
        try:
            here = wire.pack(source_for(to))
            raw = raw_socket(to, protocol, None)
            body = wire.icmp(kind, ident << 16 | sequence, wire.pattern(56), here, target)
            emit(lambda raw=raw, body=body: raw.sendto(body, (to, 0)))
            raw.close()
        except OSError as error:
            stuck += meaning(error.errno) == "unreachable"
        until = time.monotonic() + (1 if sequence < count else timeout)
        while time.monotonic() < until:
            for packet in ear.since(position):
                if replies(packet):
                    replied.add(packet["sequence"])
                elif refuses(packet):
                    refused[packet["quote"]["sequence"]] = packet
            if sequence == count and len(replied | set(refused)) + stuck >= count:
                break
            ear.wait(ear.position(), lambda packet: True, min(until, time.monotonic() + 0.2))
    result = {"sent": count, "received": len(replied)}
    if replied:
        return {"outcome": "replied", **result}
    if refused:
        return {"outcome": "unreachable", "icmp": show_error(refused[max(refused)]), **result}
    return {"outcome": "unreachable" if stuck else "timeout", **result}


def traceroute(request, ear):
    """UDP to ports from 33434 on, one probe a hop, each from a socket of its own. What a hop says late still counts."""
    to, most = request["to"], request.get("maxHops", 30)
    hops, heard = [], ear.position()
    for ttl in range(1, most + 1):
        wait = request.get("wait", 1) if ttl < most else request.get("lastWait", 4)
        try:
            client = open_udp(to, PORT + ttl - 1, None)
        except OSError:
            return {"outcome": "unreachable", "hops": hops}
        hop_limit(client, ttl)
        try:
            client.send(wire.pattern(32))
        except OSError:
            pass
        hops.append({"ttl": ttl, "from": None})
        until = time.monotonic() + wait
        while hops[-1]["from"] is None:
            error = ear.wait(heard, quoting(wire.UDP, to), until)
            if error is None:
                break
            heard = error["number"]
            at = error["quote"].get("dport", 0) - PORT
            if not 0 <= at < ttl or hops[at]["from"] is not None:
                continue
            hops[at]["from"] = error["source"]
            verdict = last_hop(error, to)
            if verdict is None:
                continue
            client.close()
            outcome, mark = verdict
            if mark is not None:
                hops[at]["mark"] = mark
            icmp = {} if outcome == "reached" else {"icmp": show_error(error)}
            return {"outcome": outcome, "hops": hops[: at + 1], **icmp}
        client.close()
    return {"outcome": "timeout", "hops": hops}


PORT = 33434
MARKS = {
    wire.ICMP: {(3, 0): "!N", (3, 1): "!H", (3, 2): "!P", (3, 4): "!F", (3, 9): "!X", (3, 10): "!X", (3, 13): "!X"},
    wire.ICMPV6: {(1, 0): "!N", (1, 3): "!H", (4, 1): "!P", (2, 0): "!F", (1, 1): "!X"},
}


def last_hop(error, to):
    """None while the way goes on, else the outcome and the mark of the last hop."""
    kind = (error["type"], error["code"])
    closed, exceeded = ((3, 3), (11, 0)) if error["protocol"] == wire.ICMP else ((1, 4), (3, 0))
    if kind == exceeded:
        return None
    if kind == closed and wire.pack(error["source"]) == wire.pack(to):
        return "reached", None
    return "unreachable", MARKS[error["protocol"]].get(kind, f"!{kind[1]}")
