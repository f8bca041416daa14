"""The hands of a lab inside one namespace: JSON lines in, JSON lines out, standard library only.

A request is {"id": 1, "do": "connect", ...}; its answer is {"id": 1, "value": ...} or {"id": 1, "error": "..."}. Each
request has a thread of its own. When standard input ends, everything that was started here ends.
"""
import json
import os
import signal
import sys
import threading

import craft
import ear
import ftp
import names as dns
import path
import probe
import serve
import web

OUT = threading.Lock()


def say(message):
    with OUT:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    heard = ear.Ear()
    servers = serve.Servers()
    verbs = {
        "serve": servers.start,
        "stop": servers.stop,
        "position": lambda request: heard.position(),
        "heard": lambda request: heard.since(request["position"]),
        "connect": lambda request: probe.connect(request, heard),
        "send": lambda request: craft.send(request, heard),
        "ping": lambda request: path.ping(request, heard),
        "traceroute": lambda request: path.traceroute(request, heard),
        "resolve": dns.resolve,
        "fetch": lambda request: web.fetch(request, heard),
        "ftp": lambda request: ftp.transfer(request, heard),
        "links": links,
        "run": run,
    }

    def handle(request):
        try:
            say({"id": request["id"], "value": verbs[request["do"]](request)})
        except Exception as error:  # the other side decides what a failure means
            say({"id": request["id"], "error": f"{request['do']}: {type(error).__name__}: {error}"})

    say({"id": 0, "value": "ready"})
    for line in sys.stdin:
        threading.Thread(target=handle, args=(json.loads(line),), daemon=True).start()
    servers.stop_all()
    os._exit(0)


def links(_):
    """Every interface: whether it is up, and whether its IPv6 addresses can be used."""
    tentative = set()
    with open("/proc/net/if_inet6", encoding="ascii") as rows:
        for row in rows:
            fields = row.split()
            if int(fields[4], 16) & IFA_F_TENTATIVE:
                tentative.add(fields[5])
    names = [name for name in os.listdir(SYSTEM) if os.path.isdir(f"{SYSTEM}/{name}")]
    return {name: {"up": is_up(name), "ready": name not in tentative} for name in names}


IFA_F_TENTATIVE = 0x40
SYSTEM = "/sys/class/net"


def is_up(name):
    with open(f"{SYSTEM}/{name}/operstate", encoding="ascii") as state:
        return state.read().strip() == "up"


def run(request):
    """Runs a program in this namespace."""
    import subprocess

    done = subprocess.run(
        request["argv"], input=request.get("input", ""), capture_output=True, text=True, timeout=20, check=False
    )
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


main()
