/*
 * Sends 60-byte UDP frames from a packet socket and prints what they cost the sending thread:
 * {"packets":N,"cpuNs":…,"wallNs":…}. On a veth the receiving side runs within the sender's own soft interrupt, so its
 * CPU time covers the whole way up to where the frames are discarded.
 *
 * usage: sender INTERFACE SRC-MAC DST-MAC SRC-IP DST-IP DPORT PACKETS FLOWS FIRST SWAP
 * Flow number i has the source port 1024 + i % 60000 and the source address SRC-IP + i / 60000; SWAP exchanges the ports
 * (for answers). Packets cycle over FLOWS flows, beginning with flow number FIRST.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define FRAME 60
#define PORTS 60000

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void read_mac(const char *text, uint8_t *mac) {
  unsigned b[6];
  if (sscanf(text, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6) {
    fprintf(stderr, "not a MAC address: %s\n", text);
    exit(2);
  }
  for (int i = 0; i < 6; i++) mac[i] = (uint8_t)b[i];
}

static void put16(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xffff);
}

static unsigned sum16(const uint8_t *data, int length) {
  uint32_t sum = 0;
  for (int i = 0; i < length; i += 2) sum += (uint32_t)data[i] << 8 | data[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

int main(int argc, char **argv) {
  if (argc != 11) {
    fprintf(stderr, "usage: %s INTERFACE SRC-MAC DST-MAC SRC-IP DST-IP DPORT PACKETS FLOWS FIRST SWAP\n", argv[0]);
    return 2;
  }
  uint8_t template[FRAME] = {0};
  read_mac(argv[3], template);
  read_mac(argv[2], template + 6);
  put16(template + 12, ETH_P_IP);
  uint32_t source = ntohl(inet_addr(argv[4]));
  uint32_t target = ntohl(inet_addr(argv[5]));
  unsigned port = (unsigned)atoi(argv[6]);
  uint64_t packets = strtoull(argv[7], NULL, 10), flows = strtoull(argv[8], NULL, 10), first = strtoull(argv[9], NULL, 10);
  int swap = atoi(argv[10]);
  uint8_t *ip = template + 14;
  ip[0] = 0x45;
  put16(ip + 2, FRAME - 14);
  ip[6] = 0x40;
  ip[8] = 64;
  ip[9] = 17;
  put32(ip + 16, target);
  put16(ip + 24, FRAME - 14 - 20);

  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) fail("socket");
  int on = 1;
  if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on)) fail("PACKET_QDISC_BYPASS");
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
  if (to.sll_ifindex == 0) fail("if_nametoindex");
  if (bind(fd, (struct sockaddr *)&to, sizeof to)) fail("bind");
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(0, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);

  static uint8_t frames[BATCH][FRAME];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    memcpy(frames[i], template, FRAME);
    vectors[i] = (struct iovec){frames[i], FRAME};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  uint64_t cpu = now(CLOCK_THREAD_CPUTIME_ID), wall = now(CLOCK_MONOTONIC), flow = 0, sent = 0;
  while (sent < packets) {
    unsigned count = packets - sent < BATCH ? (unsigned)(packets - sent) : BATCH;
    for (unsigned i = 0; i < count; i++) {
      uint8_t *header = frames[i] + 14;
      uint64_t number = first + flow;
      if (++flow == flows) flow = 0;
      put32(header + 12, swap ? source : source + (uint32_t)(number / PORTS));
      put16(header + 10, 0);
      put16(header + 10, sum16(header, 20));
      put16(header + (swap ? 22 : 20), 1024 + (unsigned)(number % PORTS));
      put16(header + (swap ? 20 : 22), port);
    }
    unsigned done = 0;
    while (done < count) {
      int n = sendmmsg(fd, messages + done, count - done, 0);
      if (n < 0) fail("sendmmsg");
      done += (unsigned)n;
    }
    sent += count;
  }
  cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
  wall = now(CLOCK_MONOTONIC) - wall;
  printf("{\"packets\":%llu,\"cpuNs\":%llu,\"wallNs\":%llu}\n", (unsigned long long)sent, (unsigned long long)cpu,
         (unsigned long long)wall);
  return 0;
}
