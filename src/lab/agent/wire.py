"""Packets as bytes. Read RFC 791, 8200, 9293, 768, 792 and 4443 first."""
import socket
import struct

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
WITH_PORTS = {TCP, UDP, 33, 132, 136}


def pattern(size):
    """The bytes that programs send when only the amount matters."""
    return bytes((i * 167 + (i >> 8) * 13 + (i >> 16) * 7) & 0xFF for i in range(size))


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def pack(address):
    return socket.inet_pton(family_of(address), address)


def unpack(data):
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!IHBB", length, 0, 0, protocol)


def icmp(kind, rest, payload, source, destination):
    """An ICMP message with code 0; for IPv6 the checksum covers the addresses."""
    body = struct.pack("!BBHI", kind, 0, 0, rest) + payload
    head = b"" if len(source) == 4 else pseudo(source, destination, ICMPV6, len(body))
    return body[:2] + struct.pack("!H", checksum(head + body)) + body[4:]


def tcp(segment, source, destination):
    """`segment`: sport, dport, seq, ack, flags, payload."""
    head = struct.pack(
        "!HHIIBBHHH",
        segment["sport"],
        segment["dport"],
        segment["seq"],
        segment["ack"],
        5 << 4,
        segment["flags"],
        65535,
        0,
        0,
    )
    body = head + segment["payload"]
    total = checksum(pseudo(source, destination, TCP, len(body)) + body)
    return body[:16] + struct.pack("!H", total) + body[18:]


def read_ip(data):
    """What an IP packet says of itself, as far as it goes; None when it is none."""
    if len(data) < 20:
        return None
    if data[0] >> 4 == 4:
        start = (data[0] & 15) * 4
        more = {"source": unpack(data[12:16]), "destination": unpack(data[16:20]), "ttl": data[8]}
        return dict(more, protocol=data[9], **read_body(data[9], data[start:]))
    if data[0] >> 4 == 6 and len(data) >= 40:
        protocol, start = data[6], 40
        if protocol == 44 and len(data) >= 48:
            protocol, start = data[40], 48
        more = {"source": unpack(data[8:24]), "destination": unpack(data[24:40]), "ttl": data[7]}
        return dict(more, protocol=protocol, **read_body(protocol, data[start:]))
    return None


def read_body(protocol, data):
    """Ports, flags, ICMP type and identifier, and the first bytes of the payload."""
    if protocol in WITH_PORTS and len(data) >= 4:
        sport, dport = struct.unpack("!HH", data[:4])
        known = {"sport": sport, "dport": dport}
        if protocol == TCP and len(data) >= 20:
            known["seq"] = struct.unpack("!I", data[4:8])[0]
            known["flags"] = data[13]
            known["payload"] = data[(data[12] >> 4) * 4 :][:64].hex()
        elif protocol == UDP:
            known["payload"] = data[8:][:64].hex()
        return known
    if protocol in (ICMP, ICMPV6) and len(data) >= 4:
        known = {"type": data[0], "code": data[1]}
        if len(data) >= 8:
            known["ident"], known["sequence"] = struct.unpack("!HH", data[4:8])
            known["payload"] = data[8:][:64].hex()
        return known
    return {}
