"""The file server (vsftpd) of this node, and a client that speaks FTP by hand. Read RFC 959, 2428 and 4217 first."""
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

import probe
import wire

# How long the server tries to reach a client, or waits for one, before it says 425; the client waits a little longer.
PATIENCE = 4
DATA_TIMEOUT = 5
CONFIG = """
background=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=YES
ftp_username={user}
nopriv_user={user}
xferlog_enable=NO
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
connect_from_port_20={strict}
pasv_promiscuous=NO
listen_port={port}
port_promiscuous={lax}
accept_timeout={patience}
connect_timeout={patience}
anon_root={root}
secure_chroot_dir={empty}
"""


class Server:
    """One vsftpd process with a folder of its own."""

    def __init__(self, service, listen):
        self.folder = tempfile.mkdtemp(prefix="ftp-", dir=service["folder"])
        os.chmod(self.folder, 0o755)
        root, empty = (os.path.join(self.folder, name) for name in ("files", "empty"))
        for each in (root, empty):
            os.mkdir(each, 0o755)
        for size in service.get("files", []):
            with open(os.path.join(root, f"{size}.bin"), "wb") as out:
                out.write(wire.pattern(size))
        lines = CONFIG.format(
            port=service["port"],
            # it cannot be lax and use port 20 at once
            strict="YES" if service["strictPort"] else "NO",
            lax="NO" if service["strictPort"] else "YES",
            patience=PATIENCE,
            user=unprivileged(),
            root=root,
            empty=empty,
        )
        config = os.path.join(self.folder, "vsftpd.conf")
        with open(config, "w", encoding="utf8") as out:
            out.write("\n".join([lines.strip(), *listen, *passive(service), *encryption(service), ""]))
        self.process = subprocess.Popen(
            ["vsftpd", config],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def unprivileged():
    """A user that vsftpd can become: it insists on a home folder that is there."""
    for name in ("ftp", "nobody", "daemon"):
        try:
            if os.path.isdir(pwd.getpwnam(name).pw_dir):
                return name
        except KeyError:
            continue
    raise OSError("vsftpd needs a user such as ftp with a home folder")


def passive(service):
    ports = service.get("passivePorts")
    lines = [] if ports is None else [f"pasv_min_port={ports[0]}", f"pasv_max_port={ports[1]}"]
    return lines + ([f"pasv_address={service['announce']}"] if service.get("announce") else [])


def encryption(service):
    if not service.get("certificate"):
        return []
    names = ["ssl_enable", "allow_anon_ssl"]
    forced = ["force_anon_logins_ssl", "force_anon_data_ssl", "force_local_logins_ssl", "force_local_data_ssl"]
    off = [f"{name}=NO" for name in [*forced, "require_ssl_reuse"]]
    return [f"{name}=YES" for name in names] + off + ["ssl_ciphers=HIGH", f"rsa_cert_file={service['certificate']}"]


def start(service):
    """A server for each family, or one for the address that is named."""
    address = service.get("address")
    wanted = [socket.AF_INET, socket.AF_INET6] if not address else [wire.family_of(address)]
    servers = []
    for family in wanted:
        six = family == socket.AF_INET6
        listen = [f"listen={'NO' if six else 'YES'}", f"listen_ipv6={'YES' if six else 'NO'}"]
        if address:
            listen.append(f"listen_address{'6' if six else ''}={address}")
        servers.append(Server(service, listen))
        wait_for(servers[-1], service["port"], family)
    return servers


def wait_for(server, port, family):
    """Returns once something listens on the port; raises when vsftpd gives up."""
    table = "/proc/net/tcp6" if family == socket.AF_INET6 else "/proc/net/tcp"
    for _ in range(200):
        with open(table, encoding="ascii") as lines:
            if any(re.search(f":{port:04X} [0-9A-F]+:0000 0A ", line) for line in lines):
                return
        if server.process.poll() is not None:
            raise OSError(f"vsftpd: {server.process.stdout.read().decode().strip()}")
        time.sleep(0.01)
    raise OSError("vsftpd does not listen")


class Refused(Exception):
    """The server said no, or nothing."""


class Control:
    """The control connection, with all that was said on it."""

    def __init__(self, connection, timeout):
        self.connection = connection
        self.buffer = b""
        self.dialogue = []
        self.until = time.monotonic() + timeout

    def reply(self):
        """The next reply: its code and its last line."""
        while True:
            line = self.line()
            if re.match(r"\d{3} ", line):
                self.dialogue.append(f"< {line}")
                return int(line[:3]), line

    def line(self):
        while b"\n" not in self.buffer:
            self.connection.settimeout(max(0.001, self.until - time.monotonic()))
            part = self.connection.recv(4096)
            if part == b"":
                raise Refused("the server ended the control connection")
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("latin1").rstrip("\r")

    def say(self, command):
        self.dialogue.append(f"> {command}")
        self.connection.sendall(f"{command}\r\n".encode())

    def ask(self, command, *codes):
        """Says a command and returns the reply, which must have one of the codes."""
        self.say(command)
        code, line = self.reply()
        if code not in codes:
            raise Refused(line)
        return line


def transfer(request, ear):
    """Fetches a file of `bytes` bytes. `timeout` in seconds, for the control connection and for the data each."""
    limit = request.get("timeout", 10)
    client, result = probe.open_tcp({"timeout": 10, **request, "port": request["port"]}, ear)
    if client is None:
        why = {key: value for key, value in result.items() if key == "icmp"}
        return {"outcome": "control-failed", "reason": result["outcome"], "replies": [], **why}
    control = Control(client, limit)
    outcome, more = "control-failed", {}
    try:
        log_in(control, request)
        outcome = "data-failed"
        control.until = time.monotonic() + limit
        more = {"bytes": get(control, request, ear)}
        outcome = "transferred"
    except (Refused, OSError) as error:
        more = {"reason": str(error) or type(error).__name__}
    probe.finish(control.connection)
    return {"outcome": outcome, "replies": control.dialogue, **more}


def log_in(control, request):
    if control.reply()[0] != 220:
        raise Refused("no greeting")
    if request.get("encrypted"):
        control.ask("AUTH TLS", 234)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        control.connection = context.wrap_socket(control.connection)
    control.say("USER anonymous")
    if control.reply()[0] == 331:
        control.ask("PASS guest", 230)
    control.ask("TYPE I", 200)


def get(control, request, ear):
    """Fetches the file and returns how many bytes came."""
    active = "active" in request["mode"] and "passive" not in request["mode"]
    opened = listen(control, request) if active else dial(control, request, ear)
    try:
        control.say(f"RETR {request['bytes']}.bin")
        code, line = control.reply()
        if code not in (125, 150):
            raise Refused(line)
        opened.settimeout(max(0.001, control.until - time.monotonic()))
        data = opened.accept()[0] if active else opened
        with data:
            size = drain(data, control.until)
    finally:
        opened.close()
    code, line = control.reply()
    if code not in (226, 250):
        raise Refused(line)
    if size != request["bytes"]:
        raise Refused(f"{size} of {request['bytes']} bytes came")
    return size


def listen(control, request):
    """Says where it listens; RFC 959 PORT or RFC 2428 EPRT."""
    local = control.connection.getsockname()[0]
    listener = socket.socket(control.connection.family, socket.SOCK_STREAM)
    listener.bind((local, 0))
    listener.listen(1)
    port = listener.getsockname()[1]
    try:
        if request["mode"] == "active":
            if ":" in local:
                raise Refused("PORT knows IPv4 only")
            control.ask(f"PORT {local.replace('.', ',')},{port >> 8},{port & 255}", 200)
        else:
            control.ask(f"EPRT |{2 if ':' in local else 1}|{local}|{port}|", 200)
    except (Refused, OSError):
        listener.close()
        raise
    return listener


def dial(control, request, ear):
    """Connects where the server says it listens; RFC 959 PASV or RFC 2428 EPSV."""
    if request["mode"] == "passive":
        line = control.ask("PASV", 227)
        found = re.search(r"(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)", line)
        if found is None:
            raise Refused(line)
        numbers = [int(text) for text in found.groups()]
        to, port = ".".join(str(number) for number in numbers[:4]), numbers[4] << 8 | numbers[5]
    else:
        line = control.ask("EPSV", 229)
        found = re.search(r"\((.)\1\1(\d+)\1\)", line)
        if found is None:
            raise Refused(line)
        to, port = control.connection.getpeername()[0], int(found.group(2))
    data, result = probe.open_tcp({"to": to, "port": port, "timeout": DATA_TIMEOUT}, ear)
    if data is None:
        raise Refused(f"data connection to {to}:{port}: {result['outcome']}")
    return data


def drain(data, until):
    size = 0
    while True:
        data.settimeout(max(0.001, until - time.monotonic()))
        part = data.recv(65536)
        if part == b"":
            return size
        size += len(part)
