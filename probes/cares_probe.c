/* ares_getaddrinfo(3) of c-ares, driven by select() as its manual shows. */
#include "probe.h"

#include <ares.h>
#include <sys/select.h>

struct answer {
  int done;
  int status;
  struct ares_addrinfo *found;
};

static void take(void *to, int status, int timeouts, struct ares_addrinfo *found) {
  (void)timeouts;
  *(struct answer *)to = (struct answer){.done = 1, .status = status, .found = found};
}

static const char *status_name(int status) {
  switch (status) {
    case ARES_SUCCESS: return NULL;
    case ARES_ENODATA: return "ARES_ENODATA";
    case ARES_EFORMERR: return "ARES_EFORMERR";
    case ARES_ESERVFAIL: return "ARES_ESERVFAIL";
    case ARES_ENOTFOUND: return "ARES_ENOTFOUND";
    case ARES_ENOTIMP: return "ARES_ENOTIMP";
    case ARES_EREFUSED: return "ARES_EREFUSED";
    case ARES_EBADNAME: return "ARES_EBADNAME";
    case ARES_EBADRESP: return "ARES_EBADRESP";
    case ARES_ECONNREFUSED: return "ARES_ECONNREFUSED";
    case ARES_ETIMEOUT: return "ARES_ETIMEOUT";
    case ARES_EOF: return "ARES_EOF";
    case ARES_ENOMEM: return "ARES_ENOMEM";
    default: return ares_strerror(status);
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    int version = 0;
    ares_version(&version);
    printf("cares-%d.%d\n", version >> 16, version >> 8 & 0xff);
    return 0;
  }
  if (argc != 3) return 2;
  ares_channel channel;
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) return 1;
  const struct ares_addrinfo_hints hints = {.ai_family = probe_family(argv[2]), .ai_socktype = SOCK_STREAM};
  struct answer answer = {0};
  const long long began = probe_begin();
  if (ares_init(&channel) != ARES_SUCCESS) return 1;
  ares_getaddrinfo(channel, argv[1], "3268", &hints, take, &answer);
  while (!answer.done) {
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    const int count = ares_fds(channel, &readable, &writable);
    struct timeval room;
    select(count, &readable, &writable, NULL, ares_timeout(channel, NULL, &room));
    ares_process(channel, &readable, &writable);
  }
  const long long ended = probe_end();
  probe_print_head(began, ended, status_name(answer.status));
  if (answer.found)
    for (const struct ares_addrinfo_node *one = answer.found->nodes; one; one = one->ai_next)
      probe_print_address(one->ai_addr);
  putchar('\n');
  return 0;
}
