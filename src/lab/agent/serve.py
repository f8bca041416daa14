"""The services of this node."""
import socket
import struct
import threading

import ftp
import names
import web

IP_PKTINFO, IPV6_RECVPKTINFO, IPV6_PKTINFO = 8, 49, 50


class Servers:
    """What listens here, by the key under which it was started."""

    def __init__(self):
        self.running = {}

    def start(self, request):
        """Returns once it listens on every address wanted."""
        service = request["service"]
        made = STARTERS[service["app"]](service)
        self.running[request["key"]] = made
        return len(made)

    def stop(self, request):
        for each in self.running.pop(request["key"], []):
            end(each)

    def stop_all(self):
        for key in list(self.running):
            self.stop({"key": key})


def end(server):
    """Closes it; a socket that a thread waits on must be woken first."""
    try:
        if isinstance(server, socket.socket):
            server.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    server.close()


def endpoints(service):
    """Where to listen: on all addresses of both families unless one is named."""
    if service.get("address"):
        return [(socket.AF_INET6 if ":" in service["address"] else socket.AF_INET, service["address"])]
    return [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]


def listen_tcp(service, talk):
    """`talk` is called with each connection, in a thread of its own."""
    servers = []
    for family, address in endpoints(service):
        server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, service["port"]))
        server.listen(64)
        threading.Thread(target=accept, args=(server, talk), daemon=True).start()
        servers.append(server)
    return servers


def accept(server, talk):
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=converse, args=(connection, talk), daemon=True).start()


def converse(connection, talk):
    try:
        connection.settimeout(60)
        talk(connection)
    except OSError:
        pass
    connection.close()


def echo(connection):
    while True:
        data = connection.recv(65536)
        if data == b"":
            return
        connection.sendall(data)


def listen_udp(service, reply):
    """Answers each datagram from the address it was sent to."""
    servers = []
    for family, address in endpoints(service):
        server = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET:
            server.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            server.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        server.bind((address, service["port"]))
        threading.Thread(target=answer_all, args=(server, reply), daemon=True).start()
        servers.append(server)
    return servers


def answer_all(server, reply):
    while True:
        try:
            data, extra, _, peer = server.recvmsg(65535, 256)
        except OSError:
            return
        if not peer:
            return
        threading.Thread(target=answer_one, args=(server, (data, extra, peer), reply), daemon=True).start()


def answer_one(server, asked, reply):
    data, extra, peer = asked
    try:
        server.sendmsg([reply(data)], [answer_from(item) for item in extra if item[1] in (IP_PKTINFO, IPV6_PKTINFO)], 0, peer)
    except (OSError, IndexError, struct.error):
        pass


def answer_from(item):
    """The ancillary data that makes an answer leave with the address that was asked."""
    level, kind, value = item
    if kind == IP_PKTINFO:
        return level, kind, struct.pack("=I4s4s", 0, value[4:8], bytes(4))
    return level, kind, value[:16] + struct.pack("=I", 0)


def start_echo(service):
    return listen_udp(service, lambda data: data) if service["protocol"] == "udp" else listen_tcp(service, echo)


def start_dns(service):
    server = names.Server(service)
    return listen_udp(service, server.answer) + listen_tcp(service, lambda connection: names.converse(connection, server))


STARTERS = {
    "echo": start_echo,
    "http": lambda service: listen_tcp(service, lambda connection: web.answer(connection, service["pages"])),
    "dns": start_dns,
    "ftp": ftp.start,
}
