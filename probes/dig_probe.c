/* dig(1), a whole run of it: from its start to its end. Its words on standard output tell what came of it. */
#include "probe.h"

#include <ctype.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Runs dig and gives what it printed, on either stream; NULL where it cannot be started. */
static char *run(char **command, int *status) {
  int ends[2];
  if (pipe(ends) != 0) return NULL;
  posix_spawn_file_actions_t streams;
  posix_spawn_file_actions_init(&streams);
  posix_spawn_file_actions_adddup2(&streams, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&streams, ends[1], STDERR_FILENO);
  posix_spawn_file_actions_addclose(&streams, ends[0]);
  posix_spawn_file_actions_addclose(&streams, ends[1]);
  pid_t process;
  if (posix_spawnp(&process, command[0], &streams, NULL, command, environ) != 0) return NULL;
  close(ends[1]);
  size_t size = 0;
  char *text = NULL;
  for (ssize_t got = 1; got > 0; size += (size_t)got) {
    text = realloc(text, size + 4097);
    if (!text) return NULL;
    got = read(ends[0], text + size, 4096);
    if (got < 0) got = 0;
  }
  text[size] = '\0';
  return waitpid(process, status, 0) == process ? text : NULL;
}

/* "NAME. TTL IN A ADDRESS": prints the address. */
static void print_record(const char *line) {
  char type[8], address[64];
  if (sscanf(line, "%*s %*s IN %7s %63s", type, address) == 2 &&
      (strcmp(type, "A") == 0 || strcmp(type, "AAAA") == 0))
    printf("\t%s", address);
}

/* The reason behind the last colon of "…failed: timed out." and "…communications error to S: timed out". */
static const char *reason_in(char *line) {
  if (!strstr(line, "failed: ") && !strstr(line, "communications error")) return NULL;
  char *reason = strrchr(line, ':');
  if (!reason || reason[1] != ' ') return NULL;
  reason += 2;
  size_t size = strlen(reason);
  while (size > 0 && (reason[size - 1] == '.' || isspace((unsigned char)reason[size - 1]))) --size;
  reason[size] = '\0';
  return reason;
}

static const char *status_in(char *line) {
  char *status = strstr(line, "status: ");
  if (!status || !strstr(line, "HEADER")) return NULL;
  status += strlen("status: ");
  status[strcspn(status, ",")] = '\0';
  return status;
}

static int print_version(void) {
  int status = 0;
  char *command[] = {"dig", "-v", NULL};
  char *text = run(command, &status);
  int major, minor;
  if (!text || sscanf(text, "DiG %d.%d", &major, &minor) != 2) return 1;
  printf("dig-%d.%d\n", major, minor);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) return print_version();
  if (argc != 3) return 2;
  char *command[] = {"dig", argv[1], probe_family(argv[2]) == AF_INET6 ? "AAAA" : "A", NULL};
  int status = 0;
  const long long began = probe_begin();
  char *text = run(command, &status);
  const long long ended = probe_end();
  if (!text) return 1;

  char **lines = NULL;
  size_t count = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    lines = realloc(lines, (count + 1) * sizeof *lines);
    if (!lines) return 1;
    lines[count++] = line;
  }
  /* An answer's status counts over the failures on the way there. */
  const char *answered = NULL, *failed = "no servers could be reached";
  for (size_t i = 0; i < count; ++i) {
    const char *word = NULL;
    if ((word = status_in(lines[i])))
      answered = word;
    else if ((word = reason_in(lines[i])))
      failed = word;
  }
  const int good = answered && strcmp(answered, "NOERROR") == 0;
  probe_print_head(began, ended, good ? NULL : answered ? answered : failed);
  for (size_t i = 0; i < count; ++i)
    if (good && lines[i][0] != ';') print_record(lines[i]);
  putchar('\n');
  return 0;
}
