/*
 * What the classifier of Open vSwitch costs alone. Linked into the program of its own tests, `ovstest`, beside its
 * tests/test-classifier.c, which stays as it is.
 *
 * ovstest test-classifier benchmark RULES PRIORITIES SUBTABLES 1 LOOKUPS
 *   The thread that looks up (--wrap=ovs_thread_create) also prints what it cost, without what was made before:
 *   {"rules":N,"subtables":N,"cpuNs":N,"wallNs":N}, once for "Without wildcards" and once for "With wildcards".
 *
 * ovstest first-match
 *   Reads a list and packets, one a line, all of IPv4:
 *     rule NUMBER SOURCE MASK DESTINATION MASK PROTOCOL MASK SOURCE-PORT MASK DESTINATION-PORT MASK
 *     packet SOURCE DESTINATION PROTOCOL SOURCE-PORT DESTINATION-PORT
 *   The rule of the lowest number decides. Looks up all packets once, then again on the clock, and prints which rule each
 *   matched (-1: none): {"rules":N,"subtables":N,"cpuNs":N,"wallNs":N,"found":[...]}
 */
#include <config.h>

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "classifier.h"
#include "flow.h"
#include "openvswitch/match.h"
#include "ovs-thread.h"
#include "ovstest.h"
#include "packets.h"
#include "pvector.h"

static uint64_t now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct cost {
  uint64_t cpu, wall;
};

static struct cost clocks(void) {
  return (struct cost){now(CLOCK_THREAD_CPUTIME_ID), now(CLOCK_MONOTONIC)};
}

static void print_cost(const struct classifier *cls, struct cost from) {
  struct cost to = clocks();
  printf("{\"rules\":%d,\"subtables\":%zu,\"cpuNs\":%llu,\"wallNs\":%llu", classifier_count(cls),
         pvector_count(&cls->subtables), (unsigned long long)(to.cpu - from.cpu),
         (unsigned long long)(to.wall - from.wall));
}

struct thread {
  void *(*start)(void *);
  void *aux;
};

static void *timed_start(void *thread_) {
  struct thread *thread = thread_;
  /* what a thread of the benchmark is given begins with its classifier */
  const struct classifier *cls = *(const struct classifier **)thread->aux;
  struct cost from = clocks();
  void *result = thread->start(thread->aux);
  print_cost(cls, from);
  puts("}");
  free(thread);
  return result;
}

pthread_t __real_ovs_thread_create(const char *name, void *(*start)(void *), void *aux);
pthread_t __wrap_ovs_thread_create(const char *name, void *(*start)(void *), void *aux);

pthread_t __wrap_ovs_thread_create(const char *name, void *(*start)(void *), void *aux) {
  if (strcmp(name, "lookups")) return __real_ovs_thread_create(name, start, aux);
  struct thread *thread = xmalloc(sizeof *thread);
  *thread = (struct thread){start, aux};
  return __real_ovs_thread_create(name, timed_start, thread);
}

struct rule {
  struct cls_rule cls_rule;
  int number;
};

static void insert(struct classifier *cls, const unsigned *word) {
  struct match match;
  match_init_catchall(&match);
  match_set_dl_type(&match, htons(ETH_TYPE_IP));
  match_set_nw_src_masked(&match, htonl(word[1]), htonl(word[2]));
  match_set_nw_dst_masked(&match, htonl(word[3]), htonl(word[4]));
  match_set_nw_proto_masked(&match, (uint8_t)word[5], (uint8_t)word[6]);
  match_set_tp_src_masked(&match, htons((uint16_t)word[7]), htons((uint16_t)word[8]));
  match_set_tp_dst_masked(&match, htons((uint16_t)word[9]), htons((uint16_t)word[10]));
  struct rule *rule = xmalloc(sizeof *rule);
  rule->number = (int)word[0];
  cls_rule_init(&rule->cls_rule, &match, INT_MAX - 1 - rule->number);
  classifier_insert(cls, &rule->cls_rule, OVS_VERSION_MIN, NULL, 0);
}

static struct flow flow_of(const unsigned *word) {
  return (struct flow){
    .in_port.ofp_port = 1,
    .dl_type = htons(ETH_TYPE_IP),
    .nw_src = htonl(word[0]),
    .nw_dst = htonl(word[1]),
    .nw_proto = (uint8_t)word[2],
    .nw_ttl = 64,
    .tp_src = htons((uint16_t)word[3]),
    .tp_dst = htons((uint16_t)word[4]),
  };
}

/* As many numbers as there are, at most 11. */
static int words_of(const char *line, unsigned *w) {
  return sscanf(line, "%u %u %u %u %u %u %u %u %u %u %u", w, w + 1, w + 2, w + 3, w + 4, w + 5, w + 6, w + 7, w + 8, w + 9,
                w + 10);
}

/* Without wildcards, which is the faster way to ask: no stages, no tries, and nothing noted of what was looked at. */
static void look_up(const struct classifier *cls, struct flow *flows, size_t count, int *found) {
  for (size_t i = 0; i < count; i++) {
    const struct cls_rule *hit = classifier_lookup(cls, OVS_VERSION_MIN, &flows[i], NULL);
    found[i] = hit ? CONTAINER_OF(hit, struct rule, cls_rule)->number : -1;
  }
}

static void first_match(int argc OVS_UNUSED, char *argv[] OVS_UNUSED) {
  struct classifier cls;
  struct flow *flows = NULL;
  size_t count = 0, allocated = 0;
  char line[200];
  unsigned words[11];
  classifier_init(&cls, flow_segment_u64s);
  classifier_defer(&cls);
  while (fgets(line, sizeof line, stdin)) {
    if (!strncmp(line, "rule ", 5) && words_of(line + 5, words) == 11) {
      insert(&cls, words);
    } else if (!strncmp(line, "packet ", 7) && words_of(line + 7, words) == 5) {
      if (count == allocated) flows = x2nrealloc(flows, &allocated, sizeof *flows);
      flows[count++] = flow_of(words);
    } else {
      ovs_fatal(0, "neither a rule nor a packet: %s", line);
    }
  }
  classifier_publish(&cls);
  int *found = xmalloc((count + 1) * sizeof *found);
  look_up(&cls, flows, count, found);
  struct cost from = clocks();
  look_up(&cls, flows, count, found);
  print_cost(&cls, from);
  printf(",\"found\":[");
  for (size_t i = 0; i < count; i++) printf("%s%d", i ? "," : "", found[i]);
  puts("]}");
}

OVSTEST_REGISTER("first-match", first_match);
