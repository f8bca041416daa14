"""One packet, with any flags and types, and what it brings about."""
import errno
import socket
import time

import wire
from ear import is_error, show_error
from probe import LATE, emit, open_udp, quoting


def source_for(to):
    """The address that this node would send from; raises OSError without a route."""
    with socket.socket(wire.family_of(to), socket.SOCK_DGRAM) as asker:
        asker.connect((to, 9))
        return asker.getsockname()[0]


def hop_limit(client, ttl):
    """Sets the TTL of what a socket sends; the sockets of Linux take no 0."""
    if ttl is not None and client.family == socket.AF_INET:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, max(1, ttl))
    elif ttl is not None:
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, max(1, ttl))


def raw_socket(to, protocol, ttl):
    raw = socket.socket(wire.family_of(to), socket.SOCK_RAW, protocol)
    hop_limit(raw, ttl)
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
        hop_limit(client, request.get("ttl"))
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
