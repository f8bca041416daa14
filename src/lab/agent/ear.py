"""Hears every TCP, UDP and ICMP packet that is delivered to this node, after its input chain."""
import collections
import select
import socket
import struct
import threading
import time

import wire

ERRORS = {wire.ICMP: {3, 4, 11, 12}, wire.ICMPV6: {1, 2, 3, 4}}
# neighbour discovery and group membership
UPKEEP = set(range(130, 138)) | {143}
IPV6_RECVPKTINFO, IPV6_PKTINFO, SO_TIMESTAMPNS = 49, 50, 35


class Ear:
    """Whoever asks it reads first what has come by then, so that no answer is older than the question."""

    def __init__(self):
        self.changed = threading.Condition()
        self.count = 0
        self.packets = collections.deque(maxlen=20000)
        v4 = [(socket.AF_INET, protocol) for protocol in (wire.ICMP, wire.TCP, wire.UDP)]
        v6 = [(socket.AF_INET6, protocol) for protocol in (wire.ICMPV6, wire.TCP, wire.UDP)]
        self.sockets = [open_raw(*each) for each in v4 + v6]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            select.select(self.sockets, [], [])
            self.drain()

    def drain(self):
        """Reads all that is waiting."""
        with self.changed:
            for raw in self.sockets:
                while self.read(raw):
                    pass

    def read(self, raw):
        """One packet; False when there is none."""
        try:
            data, extra, _, sender = raw.recvmsg(65535, 256)
        except BlockingIOError:
            return False
        if raw.family == socket.AF_INET:
            packet = wire.read_ip(data)
            body = data[(data[0] & 15) * 4 :]
        else:
            target = [value[:16] for _, kind, value in extra if kind == IPV6_PKTINFO]
            packet = {"source": sender[0].split("%")[0], "protocol": raw.proto, **wire.read_body(raw.proto, data)}
            packet["destination"] = wire.unpack(target[0]) if target else "::"
            body = data
        if packet is not None and not (raw.proto == wire.ICMPV6 and packet.get("type") in UPKEEP):
            self.note({**packet, "time": arrival_of(extra)}, body)
        return True

    def note(self, packet, body):
        if packet.get("type") in ERRORS.get(packet["protocol"], ()):
            packet["quote"] = wire.read_ip(body[8:])
        packet["heard"] = time.monotonic()
        self.count += 1
        packet["number"] = self.count
        self.packets.append(packet)
        self.changed.notify_all()

    def position(self):
        self.drain()
        return self.count

    def since(self, position):
        self.drain()
        with self.changed:
            return [packet for packet in self.packets if packet["number"] > position]

    def find(self, position, fits):
        """The first packet after `position` that fits, or None."""
        return next((packet for packet in self.since(position) if fits(packet)), None)

    def wait(self, position, fits, until):
        """The first packet after `position` that fits, or None when the time `until` comes first."""
        with self.changed:
            while True:
                self.drain()
                for packet in self.packets:
                    if packet["number"] > position and fits(packet):
                        return packet
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self.changed.wait(left)


def arrival_of(extra):
    """When the kernel took the packet in, on the one clock of all nodes."""
    stamps = [value for level, kind, value in extra if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS)]
    seconds, nanos = struct.unpack("=qq", stamps[0])
    return seconds + nanos / 1e9


def open_raw(family, protocol):
    raw = socket.socket(family, socket.SOCK_RAW, protocol)
    raw.setblocking(False)
    raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    if family == socket.AF_INET6:
        raw.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    return raw


def is_error(packet):
    return "quote" in packet


def show_error(packet):
    """An ICMP error as a result tells it."""
    return {"type": packet["type"], "code": packet["code"], "from": packet["source"]}
