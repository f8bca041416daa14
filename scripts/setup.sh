#!/bin/sh
# Installs what the tests against the real kernel need (see docs on `middlebox lab`), or with `bench` what the benchmarks
# are measured beside. Safe to run again and again; says nothing when all is there. Without apt-get or root it says what
# is missing and ends with 1.
set -eu

# program or file:package
case "${1:-test}" in
  test) NEEDED='ip:iproute2 nft:nftables conntrack:conntrack sysctl:procps python3:python3 vsftpd:vsftpd openssl:openssl' ;;
  bench) NEEDED='ip:iproute2 nft:nftables gcc:gcc g++:g++ iptables-legacy:iptables /usr/share/doc/libns3-dev:libns3-dev /usr/share/doc/libgsl-dev:libgsl-dev ovs-vswitchd:openvswitch-switch /usr/src/openvswitch/openvswitch.tar.gz:openvswitch-source make:make python3:python3' ;;
  *) echo "usage: setup.sh [test|bench]" >&2; exit 2 ;;
esac

PATH="$PATH:/usr/sbin:/sbin"
export PATH

missing() {
  for pair in $NEEDED; do
    [ -e "${pair%%:*}" ] || command -v "${pair%%:*}" >/dev/null 2>&1 || echo "${pair#*:}"
  done
  # the agents use the standard library's ssl, socket and json; a minimal Python may lack some of it
  if command -v python3 >/dev/null 2>&1 && ! python3 -c 'import json, socket, ssl, subprocess, tempfile' 2>/dev/null; then
    echo python3
  fi
}

packages=$(missing | sort -u | tr '\n' ' ')
[ -n "$packages" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "setup: missing: $packages(needs root and apt-get to install them)" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# the server is started by the tests alone
printf '#!/bin/sh\nexit 101\n' >/tmp/policy-rc.$$
if [ -e /usr/sbin/policy-rc.d ]; then
  rm -f /tmp/policy-rc.$$
else
  mv /tmp/policy-rc.$$ /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  trap 'rm -f "$log" /usr/sbin/policy-rc.d' EXIT
fi

# shellcheck disable=SC2086
if ! { apt-get -qq update && apt-get -qq install --no-install-recommends -y $packages; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: could not install: $packages" >&2
  exit 1
fi

left=$(missing | sort -u | tr '\n' ' ')
if [ -n "$left" ]; then
  echo "setup: still missing: $left" >&2
  exit 1
fi
