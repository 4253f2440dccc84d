/* What the probes in C share. A probe makes one lookup and prints one line, its fields apart by tabs:
 *   BEGAN ENDED ERROR ADDRESS...
 * BEGAN and ENDED are CLOCK_MONOTONIC in nanoseconds around the call; ERROR is "-" for success, else the
 * error's name in the program's own words. `PROBE --version` prints the client as a scenario names it.
 * Around the call it opens two files that do not exist: so a trace of system calls shows where the lookup
 * begins and ends. */
#ifndef HANGLAB_PROBE_H
#define HANGLAB_PROBE_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static long long probe_now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static long long probe_begin(void) {
  open("lookup begins", O_RDONLY);
  return probe_now();
}

static long long probe_end(void) {
  const long long at = probe_now();
  open("lookup ended", O_RDONLY);
  return at;
}

static void probe_print_head(long long began, long long ended, const char *error) {
  printf("%lld\t%lld\t%s", began, ended, error ? error : "-");
}

/* "unspec", "inet" or "inet6", as the lab hands it over. */
static inline int probe_family(const char *word) {
  if (strcmp(word, "inet") == 0) return AF_INET;
  if (strcmp(word, "inet6") == 0) return AF_INET6;
  return AF_UNSPEC;
}

static inline void probe_print_address(const struct sockaddr *address) {
  char text[INET6_ADDRSTRLEN];
  const void *bytes = address->sa_family == AF_INET6
                          ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                          : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
  printf("\t%s", inet_ntop(address->sa_family, bytes, text, sizeof text));
}

#endif
