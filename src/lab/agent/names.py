"""A name server and its client, over UDP. Read RFC 1035 and RFC 3596 first."""
import socket
import struct
import time

import wire

TYPES = {"A": 1, "AAAA": 28}
NXDOMAIN, SERVFAIL = 3, 2


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


def answer(query, zone):
    """The response to a query. `zone`: records by name, servers to ask about other names, and the TTL in seconds."""
    name, end = read_name(query, 12)
    kind = struct.unpack("!H", query[end : end + 2])[0]
    question = query[12 : end + 4]
    records = {key.lower().rstrip("."): value for key, value in zone.get("records", {}).items()}
    if name not in records:
        for server in zone.get("forward", []):
            try:
                return ask(server, query, 2)
            except OSError:
                continue
        code = SERVFAIL if zone.get("forward") else NXDOMAIN
        return query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, 0, 0, 0) + question
    found = [wire.pack(address) for address in records[name]]
    data = [each for each in found if len(each) == {1: 4, 28: 16}.get(kind)]
    body = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, zone.get("ttl", 300), len(each)) + each for each in data)
    return query[:2] + struct.pack("!HHHHH", 0x8580, 1, len(data), 0, 0) + question + body


def ask(server, query, timeout):
    """Sends a query as it is; raises OSError when there is no answer in time."""
    with socket.socket(wire.family_of(server), socket.SOCK_DGRAM) as client:
        client.connect((server, 53))
        client.settimeout(timeout)
        client.send(query)
        while True:
            response = client.recv(4096)
            if response[:2] == query[:2]:
                return response


def resolve(request):
    """Asks the servers in order; `timeout` in seconds for each, twice."""
    kind = TYPES[request.get("type", "A")]
    outcome = "servfail"
    for _ in range(2):
        for server in request["servers"]:
            ident = struct.pack("!H", time.monotonic_ns() & 0xFFFF)
            query = ident + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0)
            query += write_name(request["name"]) + struct.pack("!HH", kind, 1)
            try:
                response = ask(server, query, request.get("timeout", 2))
            except OSError:
                outcome = "timeout"
                continue
            code = response[3] & 15
            if code == 0:
                return {"outcome": "resolved", "addresses": read_addresses(response, kind)}
            if code == NXDOMAIN:
                return {"outcome": "nxdomain"}
            outcome = "servfail"
    return {"outcome": outcome}


def read_addresses(response, kind):
    questions, answers = struct.unpack("!HH", response[4:8])
    at, found = 12, []
    for _ in range(questions):
        at = read_name(response, at)[1] + 4
    for _ in range(answers):
        at = read_name(response, at)[1]
        record, length = struct.unpack("!H", response[at : at + 2])[0], struct.unpack("!H", response[at + 8 : at + 10])[0]
        if record == kind:
            found.append(wire.unpack(response[at + 10 : at + 10 + length]))
        at += 10 + length
    return found
