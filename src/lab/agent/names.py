"""A name server over UDP and TCP, and its client over UDP. Read RFC 1035, RFC 2308 and RFC 3596 first."""
import socket
import struct
import threading
import time

import wire

TYPES = {"A": 1, "AAAA": 28}
SOA = 6
FORMERR, SERVFAIL, NXDOMAIN = 1, 2, 3
# How long and how often a server asks those it forwards to, and a client its servers.
FORWARD_TRY, CLIENT_TRY = 1.5, 5
ROUNDS = 2


def write_name(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def read_name(data, at):
    """The name in lower case, and where it ends."""
    labels, end = [], None
    while data[at]:
        if data[at] >= 192:
            end = end or at + 2
            at = (data[at] & 63) << 8 | data[at + 1]
            continue
        labels.append(data[at + 1 : at + 1 + data[at]].decode("latin1"))
        at += data[at] + 1
    return ".".join(labels).lower(), end or at + 1


def read_records(message):
    """Of every record behind the question: its type, where its TTL stands, and its data."""
    questions, *counts = struct.unpack("!HHHH", message[4:12])
    at, found = 12, []
    for _ in range(questions):
        at = read_name(message, at)[1] + 4
    for _ in range(sum(counts)):
        at = read_name(message, at)[1]
        kind, length = struct.unpack("!H", message[at : at + 2])[0], struct.unpack("!H", message[at + 8 : at + 10])[0]
        found.append((kind, at + 4, message[at + 10 : at + 10 + length]))
        at += 10 + length
    return found


def ttls(message):
    return [struct.unpack("!I", message[at : at + 4])[0] for kind, at, _ in read_records(message) if kind != 41]


def aged(message, seconds):
    """The message as it is some seconds later."""
    older = bytearray(message)
    for kind, at, _ in read_records(message):
        if kind != 41:
            left = max(0, struct.unpack("!I", message[at : at + 4])[0] - seconds)
            older[at : at + 4] = struct.pack("!I", left)
    return bytes(older)


def reply(query, end, code, records=(0, 0, b"")):
    """A response with the question of the query; `records`: how many answers and authorities, and their bytes."""
    answers, authorities, body = records
    head = struct.pack("!HHHHH", 0x8580 | code, 1, answers, authorities, 0)
    return query[:2] + head + query[12:end] + body


class Server:
    """Records of its own, and for every other name a cache in front of the servers it forwards to."""

    def __init__(self, zone):
        self.records = {name.lower().rstrip("."): value for name, value in zone.get("records", {}).items()}
        self.servers = zone.get("forward", [])
        self.ttl = zone.get("ttl", 300)
        self.cache = {}
        self.lock = threading.Lock()

    def answer(self, query):
        """Raises IndexError for what is no query; one that cannot be read is told so (FORMERR)."""
        if len(query) < 12 or query[2] & 128:
            raise IndexError
        try:
            return self.look_up(query)
        except (IndexError, struct.error):
            return query[:2] + struct.pack("!HHHHH", 0x8000 | FORMERR, 0, 0, 0, 0)

    def look_up(self, query):
        name, end = read_name(query, 12)
        kind, end = struct.unpack("!H", query[end : end + 2])[0], end + 4
        if name in self.records:
            return self.own(query, end, kind, self.records[name])
        if not self.servers:
            return reply(query, end, NXDOMAIN, (0, 1, self.denial()))
        known = self.recall((name, kind)) or self.forward(query, (name, kind))
        return reply(query, end, SERVFAIL) if known is None else query[:2] + known[2:]

    def own(self, query, end, kind, addresses):
        found = [wire.pack(address) for address in addresses]
        data = [each for each in found if len(each) == {1: 4, 28: 16}.get(kind)]
        body = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, self.ttl, len(each)) + each for each in data)
        return reply(query, end, 0, (len(data), 0, body) if data else (0, 1, self.denial()))

    def denial(self):
        """The SOA of the root, for all that the server knows is one zone."""
        data = b"\0\0" + struct.pack("!IIIII", 1, 3600, 600, 86400, self.ttl)
        return b"\0" + struct.pack("!HHIH", SOA, 1, self.ttl, len(data)) + data

    def recall(self, question):
        with self.lock:
            stored, message = self.cache.get(question, (0, None))
        age = int(time.monotonic() - stored)
        return None if message is None or age >= min(ttls(message)) else aged(message, age)

    def forward(self, query, question):
        """What the first server that can says, which is kept for as long as it may be."""
        for server in self.servers * ROUNDS:
            try:
                message = ask(server, query, FORWARD_TRY)
            except OSError:
                continue
            if message[3] & 15 in (0, NXDOMAIN):
                if ttls(message):
                    with self.lock:
                        self.cache[question] = (time.monotonic(), message)
                return message
        return None


def converse(connection, server):
    """Answers messages with their length in front (RFC 1035 4.2.2) until the other side ends."""
    data = b""
    while True:
        while len(data) < 2 or len(data) < 2 + (data[0] << 8 | data[1]):
            part = connection.recv(4096)
            if part == b"":
                return
            data += part
        length = data[0] << 8 | data[1]
        answer = server.answer(data[2 : 2 + length])
        connection.sendall(struct.pack("!H", len(answer)) + answer)
        data = data[2 + length :]


def ask(server, query, timeout):
    """Sends a query as it is; raises OSError when there is no answer in time."""
    until = time.monotonic() + timeout
    with socket.socket(wire.family_of(server), socket.SOCK_DGRAM) as client:
        client.connect((server, 53))
        client.send(query)
        while True:
            client.settimeout(max(0.001, until - time.monotonic()))
            response = client.recv(4096)
            if response[:2] == query[:2]:
                return response


def resolve(request):
    """Asks the servers in order, twice; `timeout` in seconds for each."""
    kind = TYPES[request.get("type", "A")]
    refused = not request["servers"]
    for server in request["servers"] * ROUNDS:
        ident = struct.pack("!H", time.monotonic_ns() & 0xFFFF)
        query = ident + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0)
        query += write_name(request["name"]) + struct.pack("!HH", kind, 1)
        try:
            response = ask(server, query, request.get("timeout", CLIENT_TRY))
        except OSError:
            continue
        code = response[3] & 15
        if code == 0:
            addresses = [wire.unpack(data) for found, _, data in read_records(response) if found == kind]
            return {"outcome": "resolved", "addresses": addresses}
        if code == NXDOMAIN:
            return {"outcome": "nxdomain"}
        refused = True
    return {"outcome": "servfail" if refused else "timeout"}
