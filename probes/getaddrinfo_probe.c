/* getaddrinfo(3) of the C library that this is compiled with: glibc, or musl (then MUSL_VERSION says which). */
#include "probe.h"

#include <netdb.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

static const char *error_name(int error) {
  switch (error) {
    case 0: return NULL;
    case EAI_BADFLAGS: return "EAI_BADFLAGS";
    case EAI_NONAME: return "EAI_NONAME";
    case EAI_AGAIN: return "EAI_AGAIN";
    case EAI_FAIL: return "EAI_FAIL";
    case EAI_NODATA: return "EAI_NODATA";
    case EAI_FAMILY: return "EAI_FAMILY";
    case EAI_SOCKTYPE: return "EAI_SOCKTYPE";
    case EAI_SERVICE: return "EAI_SERVICE";
    case EAI_MEMORY: return "EAI_MEMORY";
    case EAI_SYSTEM: return "EAI_SYSTEM";
    case EAI_OVERFLOW: return "EAI_OVERFLOW";
    default: return "EAI_unknown";
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
#ifdef __GLIBC__
    printf("glibc-%s\n", gnu_get_libc_version());
#else
    printf("musl-%s\n", MUSL_VERSION);
#endif
    return 0;
  }
  if (argc != 3) return 2;
  struct addrinfo hints = {.ai_family = probe_family(argv[2]), .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  const long long began = probe_begin();
  const int error = getaddrinfo(argv[1], "3268", &hints, &found);
  const long long ended = probe_end();
  probe_print_head(began, ended, error_name(error));
  for (const struct addrinfo *one = found; one; one = one->ai_next) probe_print_address(one->ai_addr);
  putchar('\n');
  return 0;
}
