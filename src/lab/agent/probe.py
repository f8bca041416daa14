"""Connections and datagrams from this node, and what their errors mean."""
import errno
import select
import socket
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
    client.setblocking(False)
    fits = quoting(wire.TCP, to, port)
    try:
        if request.get("sourcePort") is not None:
            client.bind(("", request["sourcePort"]))
        number = client.connect_ex((to, port))
        fits = quoting(wire.TCP, to, port, client.getsockname()[1] or None)
        if number == errno.EINPROGRESS:
            number = await_handshake(client, lambda: ear.find(position, lambda p: fits(p) and not is_too_big(p)), until)
    except OSError as error:
        number = error.errno
    if number == 0:
        client.setblocking(True)
        return client, {"outcome": "connected", "local": name_of(client)}
    client.close()
    return None, {"outcome": "timeout"} if number is None else failed(number, ear, position, fits)


def await_handshake(client, error, until):
    """The errno of a connection that is being made, 0 for none; None when the time is up."""
    heard = None
    while time.monotonic() < until:
        ready = select.select([], [client], [], max(0, min(0.01, until - time.monotonic())))[1]
        if ready:
            return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # Without any latency an ICMP error can come while the call that sent the SYN still holds the socket, which then
        # does not see it and waits for the next one.
        if heard is not None and time.monotonic() > heard["heard"] + LATE:
            return errno_of(heard)
        heard = heard or error()
    return None


def is_too_big(packet):
    """Says how large packets may be, which is no reason to give up."""
    return (packet["protocol"], packet["type"]) == (wire.ICMPV6, 2) or (packet["type"], packet["code"]) == (3, 4)


def errno_of(packet):
    """What Linux tells a connecting socket about an ICMP error (icmp_err_convert, icmpv6_err_convert)."""
    kind = (packet["type"], packet["code"])
    if packet["protocol"] == wire.ICMP:
        known = {(3, 0): errno.ENETUNREACH, (3, 2): errno.ENOPROTOOPT, (3, 3): errno.ECONNREFUSED}
    else:
        known = {(1, 0): errno.ENETUNREACH, (1, 1): errno.EACCES, (1, 4): errno.ECONNREFUSED}
    return known.get(kind, errno.EHOSTUNREACH)


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
    leave(client)
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


def leave(client):
    """Closes whatever the other side may still say, and gives the kernel a moment for the goodbye."""
    try:
        ends = client.getsockname()[1], client.getpeername()[1]
    except OSError:
        ends = None
    client.close()
    until = time.monotonic() + 0.3
    while ends is not None and is_open(*ends) and time.monotonic() < until:
        time.sleep(0.005)


TIME_WAIT = "06"


def is_open(here, there):
    """Whether the kernel still has something to say on a connection between these ports."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as rows:
            for row in list(rows)[1:]:
                local, remote, state = row.split()[1:4]
                if local.endswith(f":{here:04X}") and remote.endswith(f":{there:04X}") and state != TIME_WAIT:
                    return True
    return False


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
