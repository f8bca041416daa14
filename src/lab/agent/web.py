"""A web server for a handful of pages, and a client. Read RFC 9112 first."""
import socket
import time

import probe
import wire

LONGEST = 65536


def read_head(connection):
    """The bytes up to the empty line and what came after it; None when the other side ends before."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(4096)
        if part == b"" or len(data) > LONGEST:
            return None
        data += part
    return data.split(b"\r\n\r\n", 1)


def answer(connection, pages):
    """Answers one request and ends."""
    head = read_head(connection)
    if head is None:
        return
    method, target = (head[0].split(b"\r\n")[0].decode("latin1").split(" ") + ["", ""])[:2]
    path = target.split("?")[0] or "/"
    if method not in ("GET", "HEAD"):
        status, text = "405 Method Not Allowed", "405 Method Not Allowed\n"
    elif path in pages:
        status, text = "200 OK", pages[path]
    else:
        status, text = "404 Not Found", "404 Not Found\n"
    body = text.encode()
    fields = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    connection.sendall(fields.encode() + (b"" if method == "HEAD" else body))


def fetch(request, ear):
    """GET over a connection of its own. `to`, `port`, `host`, `path`; `timeout` in seconds, for all of it."""
    until = time.monotonic() + request.get("timeout", 10)
    position = ear.position()
    client, result = probe.open_tcp({"timeout": 10, **request}, ear)
    if client is None:
        return result
    fields = f"GET {request['path']} HTTP/1.1\r\nHost: {request['host']}\r\nConnection: close\r\n\r\n"
    try:
        client.settimeout(max(0.001, until - time.monotonic()))
        client.sendall(fields.encode())
        head = read_head(client)
        if head is None or not head[0].startswith(b"HTTP/1."):
            return {"outcome": "bad-response"}
        body = head[1]
        while True:
            client.settimeout(max(0.001, until - time.monotonic()))
            part = client.recv(65536)
            if part == b"":
                break
            body += part
        status = int(head[0].split(b" ")[1])
        return {"outcome": "fetched", "status": status, "body": body.decode()}
    except socket.timeout:
        return {"outcome": "timeout"}
    except OSError as error:
        return probe.failed(error.errno, ear, position, probe.quoting(wire.TCP, request["to"], request["port"]))
    finally:
        probe.finish(client)
