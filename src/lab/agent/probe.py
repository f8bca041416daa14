"""What steps do from this node, as the client programs of the simulator do it."""
import errno
import os
import socket
import struct
import time

import wire
from ear import is_error, show_error

IP_RECVERR, IPV6_RECVERR, IPV6_CHECKSUM = 11, 25, 7
UNREACHABLE = {
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EACCES,
    errno.ENOPROTOOPT,
    errno.EPROTO,
    errno.EHOSTDOWN,
    errno.ENONET,
    errno.EINVAL,
    errno.EADDRNOTAVAIL,
    errno.EADDRINUSE,
    errno.EMSGSIZE,
    errno.EOPNOTSUPP,
}
# An ICMP error may come a little after the errno that it causes.
LATE = 0.05


def meaning(number):
    """The outcome of a socket error; what the node's own rules swallowed is as silent as what is lost on the way."""
    if number == errno.ECONNREFUSED:
        return "refused"
    if number in (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED):
        return "reset"
    return "unreachable" if number in UNREACHABLE else "timeout"


def quoting(protocol, destination, port=None, sport=None):
    """Whether an ICMP error is about what this node sent there."""

    def fits(packet):
        if not is_error(packet) or packet["quote"] is None:
            return False
        quote = packet["quote"]
        if quote["protocol"] != protocol or wire.pack(quote["destination"]) != wire.pack(destination):
            return False
        return (port is None or quote.get("dport") == port) and (sport is None or quote.get("sport") == sport)

    return fits


def failed(number, ear, position, fits):
    """The result of a socket error, with the ICMP error behind it if there was one."""
    result = {"outcome": meaning(number), "errno": errno.errorcode.get(number, str(number))}
    if result["outcome"] not in ("timeout",):
        error = ear.wait(position, fits, time.monotonic() + LATE)
        if error is not None:
            result["icmp"] = show_error(error)
    return result


def open_tcp(request, ear):
    """A connected socket and its result, or None and why not. `timeout` in seconds, for all of it."""
    to, port = request["to"], request["port"]
    position = ear.position()
    until = time.monotonic() + request.get("timeout", 5)
    client = socket.socket(wire.family_of(to), socket.SOCK_STREAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if request.get("sourcePort") is not None:
            client.bind(("", request["sourcePort"]))
        client.settimeout(max(0.01, until - time.monotonic()))
        client.connect((to, port))
        return client, {"outcome": "connected", "local": name_of(client)}
    except socket.timeout:
        result = {"outcome": "timeout"}
    except OSError as error:
        sport = client.getsockname()[1] or request.get("sourcePort")
        result = failed(error.errno, ear, position, quoting(wire.TCP, to, port, sport or None))
    client.close()
    return None, result


def name_of(client):
    address, port = client.getsockname()[:2]
    return {"address": address, "port": port}


def connect(request, ear):
    """Opens a connection, or sends a datagram and waits for its echo."""
    if request.get("protocol", "tcp") == "udp":
        return exchange(request, ear)
    until = time.monotonic() + request.get("timeout", 5)
    position = ear.position()
    client, result = open_tcp(request, ear)
    if client is None:
        return result
    payload = wire.pattern(request.get("bytes") or 0)
    try:
        if payload:
            received = echo(client, payload, until)
            result.update(sent=len(payload), received=len(received), echoed=received == payload)
    except socket.timeout:
        result = {"outcome": "timeout", "local": result["local"]}
    except OSError as error:
        result = failed(error.errno, ear, position, quoting(wire.TCP, request["to"], request["port"]))
    finish(client)
    return result


def echo(client, payload, until):
    """Sends all of it while it reads what comes back, until as much has come or the other side ends."""
    sent, received = 0, b""
    client.settimeout(0)
    while len(received) < len(payload):
        if time.monotonic() > until:
            raise socket.timeout
        moved = False
        try:
            if sent < len(payload):
                sent += client.send(payload[sent : sent + 65536])
                moved = True
        except BlockingIOError:
            pass
        try:
            part = client.recv(65536)
            if part == b"":
                break
            received += part
            moved = True
        except BlockingIOError:
            pass
        if not moved:
            time.sleep(0.001)
    return received


def finish(client):
    """Closes in order: FIN, and the other side's FIN if it comes soon."""
    try:
        client.settimeout(0.3)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536) != b"":
            pass
    except OSError:
        pass
    client.close()


def emit(send_it):
    """Sends; what the node's own rules stop is lost, and an ICMP error about it may still come."""
    try:
        send_it()
    except OSError as error:
        if error.errno != errno.EPERM:
            raise


def open_udp(to, port, sport):
    client = socket.socket(wire.family_of(to), socket.SOCK_DGRAM)
    if client.family == socket.AF_INET:
        client.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    else:
        client.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    client.bind(("", sport or 0))
    client.connect((to, port))
    return client


def exchange(request, ear):
    to, port = request["to"], request["port"]
    position = ear.position()
    size = request.get("bytes")
    payload = wire.pattern(16 if size is None else size)
    until = time.monotonic() + request.get("timeout", 5)
    received = b""
    client = None
    try:
        client = open_udp(to, port, request.get("sourcePort"))
        local = name_of(client)
        for at in range(0, max(1, len(payload)), 65507):
            part = payload[at : at + 65507]
            emit(lambda part=part: client.send(part))
        while True:
            client.settimeout(max(0.001, until - time.monotonic()))
            received += client.recv(65535)
            if len(received) >= len(payload):
                break
        more = {"sent": len(payload), "received": len(received), "echoed": received == payload}
        return {"outcome": "connected", "local": local, **more}
    except socket.timeout:
        return {"outcome": "timeout"}
    except OSError as error:
        return failed(error.errno, ear, position, quoting(wire.UDP, to, port))
    finally:
        if client is not None:
            client.close()


def source_for(to):
    """The address that this node would send from; raises OSError without a route."""
    with socket.socket(wire.family_of(to), socket.SOCK_DGRAM) as asker:
        asker.connect((to, 9))
        return asker.getsockname()[0]


def raw_socket(to, protocol, ttl):
    raw = socket.socket(wire.family_of(to), socket.SOCK_RAW, protocol)
    if ttl is not None and raw.family == socket.AF_INET:
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, max(1, ttl))
    elif ttl is not None:
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
    return raw


def craft(request, source):
    """The body of the packet, and which answers and errors belong to it."""
    to, protocol = request["to"], request["protocol"]
    payload = request.get("payload", "").encode()
    sport, port = request.get("sourcePort") or 0, request.get("port") or 0
    here, there = wire.pack(source), wire.pack(to)
    if protocol == wire.TCP:
        flags = request.get("tcpFlags", 2)
        segment = {"sport": sport, "dport": port, "seq": 1, "ack": 1 if flags & 16 else 0, "flags": flags}
        body = wire.tcp({**segment, "payload": payload}, here, there)
        return body, lambda p: p.get("sport") == port and p.get("dport") == sport, quoting(protocol, to, port, sport)
    if protocol in (wire.ICMP, wire.ICMPV6):
        kind = request.get("icmpType", 8 if len(here) == 4 else 128)
        query = kind in (8, 13, 15, 17, 128)
        rest = (sport << 16 | 1) if query else 0
        if len(here) == 4 and kind in (13, 17):
            payload = payload.ljust(12 if kind == 13 else 4, b"\0")
        body = wire.icmp(kind, rest, payload, here, there)
        answer = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129}.get(kind)
        return body, lambda p: p.get("type") == answer and p.get("ident") == sport, quoting(protocol, to)
    return payload, lambda p: True, quoting(protocol, to)


def send(request, ear):
    """Sends one packet and listens for what it brings about: replied, rejected, or silent."""
    to, protocol = request["to"], request["protocol"]
    if protocol == wire.UDP:
        return send_udp(request, ear)
    position = ear.position()
    until = time.monotonic() + request.get("timeout", 4)
    try:
        body, answers, refuses = craft(request, source_for(to))
        raw = raw_socket(to, protocol, request.get("ttl"))
        raw.settimeout(0.05)
        if raw.family == socket.AF_INET6 and protocol == wire.ICMPV6:
            # the kernel fills this checksum in itself
            body = body[:2] + b"\0\0" + body[4:]
        emit(lambda: raw.sendto(body, (to, 0)))
    except OSError as error:
        return {"outcome": "silent", "errno": errno.errorcode.get(error.errno, str(error.errno))}
    target = wire.pack(to)

    def fits(packet):
        if refuses(packet):
            return True
        return packet["protocol"] == protocol and wire.pack(packet["source"]) == target and answers(packet)

    packet = ear.wait(position, fits, until) if protocol in HEARD else listen(raw, ear, position, fits, until)
    raw.close()
    return judge(packet, protocol)


HEARD = {wire.ICMP, wire.ICMPV6, wire.TCP}


def listen(raw, ear, position, fits, until):
    """As `Ear.wait`, for a protocol that the ear does not hear."""
    while time.monotonic() < until:
        packet = ear.wait(position, fits, time.monotonic() + 0.01)
        if packet is not None:
            return packet
        try:
            data, sender = raw.recvfrom(65535)
            packet = {"protocol": raw.proto, "source": sender[0].split("%")[0]}
            if fits(packet):
                return packet
        except socket.timeout:
            pass
    return None


def judge(packet, protocol):
    if packet is None:
        return {"outcome": "silent"}
    if is_error(packet):
        return {"outcome": "rejected", "icmp": show_error(packet)}
    reset = protocol == wire.TCP and packet.get("flags", 0) & 4
    return {"outcome": "rejected" if reset else "replied"}


def send_udp(request, ear):
    to, port = request["to"], request.get("port") or 0
    position = ear.position()
    until = time.monotonic() + request.get("timeout", 4)
    client = None
    try:
        client = open_udp(to, port, request.get("sourcePort"))
        if request.get("ttl") is not None:
            level, option = (
                (socket.IPPROTO_IP, socket.IP_TTL)
                if client.family == socket.AF_INET
                else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
            )
            client.setsockopt(level, option, max(1, request["ttl"]))
        emit(lambda: client.send(request.get("payload", "").encode()))
        client.settimeout(max(0.001, until - time.monotonic()))
        client.recv(65535)
        return {"outcome": "replied"}
    except socket.timeout:
        return {"outcome": "silent"}
    except OSError as error:
        packet = ear.wait(position, quoting(wire.UDP, to, port), time.monotonic() + LATE)
        if packet is not None:
            return {"outcome": "rejected", "icmp": show_error(packet)}
        return {"outcome": "silent", "errno": errno.errorcode.get(error.errno, str(error.errno))}
    finally:
        if client is not None:
            client.close()


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
    """UDP to ports from 33434 on, one probe a hop, each from a socket of its own."""
    to, most = request["to"], request.get("maxHops", 30)
    hops = []
    for ttl in range(1, most + 1):
        wait = request.get("wait", 1) if ttl < most else request.get("lastWait", 4)
        position = ear.position()
        port = 33434 + ttl - 1
        try:
            client = open_udp(to, port, None)
        except OSError:
            return {"outcome": "unreachable", "hops": hops}
        level, option = (
            (socket.IPPROTO_IP, socket.IP_TTL)
            if client.family == socket.AF_INET
            else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
        )
        client.setsockopt(level, option, ttl)
        try:
            client.send(wire.pattern(32))
        except OSError:
            pass
        error = ear.wait(position, quoting(wire.UDP, to, port), time.monotonic() + wait)
        client.close()
        if error is None:
            hops.append({"ttl": ttl, "from": None})
            continue
        verdict = last_hop(error, to)
        hop = {"ttl": ttl, "from": error["source"]}
        if verdict is None:
            hops.append(hop)
            continue
        outcome, mark = verdict
        hops.append(hop if mark is None else {**hop, "mark": mark})
        icmp = {} if outcome == "reached" else {"icmp": show_error(error)}
        return {"outcome": outcome, "hops": hops, **icmp}
    return {"outcome": "timeout", "hops": hops}


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
