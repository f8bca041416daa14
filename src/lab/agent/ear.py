"""Hears every TCP, UDP and ICMP packet that is delivered to this node, after its input chain."""
import collections
import socket
import threading
import time

import wire

ERRORS = {wire.ICMP: {3, 4, 11, 12}, wire.ICMPV6: {1, 2, 3, 4}}
# neighbour discovery and group membership
UPKEEP = set(range(130, 138)) | {143}
IPV6_RECVPKTINFO, IPV6_PKTINFO = 49, 50


class Ear:
    def __init__(self):
        self.changed = threading.Condition()
        self.count = 0
        self.packets = collections.deque(maxlen=20000)
        for protocol in (wire.ICMP, wire.TCP, wire.UDP):
            self.open(socket.AF_INET, protocol)
        for protocol in (wire.ICMPV6, wire.TCP, wire.UDP):
            self.open(socket.AF_INET6, protocol)

    def open(self, family, protocol):
        raw = socket.socket(family, socket.SOCK_RAW, protocol)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        if family == socket.AF_INET6:
            raw.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        threading.Thread(target=self.listen, args=(raw, family, protocol), daemon=True).start()

    def listen(self, raw, family, protocol):
        while True:
            data, extra, _, sender = raw.recvmsg(65535, 256)
            if family == socket.AF_INET:
                packet = wire.read_ip(data)
                body = data[(data[0] & 15) * 4 :]
            else:
                target = [value[:16] for _, kind, value in extra if kind == IPV6_PKTINFO]
                packet = {"source": sender[0].split("%")[0], "protocol": protocol, **wire.read_body(protocol, data)}
                packet["destination"] = wire.unpack(target[0]) if target else "::"
                body = data
            if packet is not None and not (protocol == wire.ICMPV6 and packet.get("type") in UPKEEP):
                self.note(packet, body)

    def note(self, packet, body):
        if packet.get("type") in ERRORS.get(packet["protocol"], ()):
            packet["quote"] = wire.read_ip(body[8:])
        packet["time"] = time.monotonic()
        with self.changed:
            self.count += 1
            packet["number"] = self.count
            self.packets.append(packet)
            self.changed.notify_all()

    def position(self):
        with self.changed:
            return self.count

    def since(self, position):
        with self.changed:
            return [packet for packet in self.packets if packet["number"] > position]

    def find(self, position, fits):
        """The first packet after `position` that fits, or None."""
        return next((packet for packet in self.since(position) if fits(packet)), None)

    def wait(self, position, fits, until):
        """The first packet after `position` that fits, or None when the time `until` comes first."""
        with self.changed:
            while True:
                for packet in self.packets:
                    if packet["number"] > position and fits(packet):
                        return packet
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self.changed.wait(left)


def is_error(packet):
    return "quote" in packet


def show_error(packet):
    """An ICMP error as a result tells it."""
    return {"type": packet["type"], "code": packet["code"], "from": packet["source"]}
