/* Makes trouble for PID 1 of a node under test:
 *   forker orphans N    N grandchildren whose parents end first, so that PID 1 inherits them
 *   forker signal S     signal number S to PID 1
 * Static, so that it runs on an image that has nothing but its own runtime. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int orphan(void) {
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    /* The grandchild ends a little later than its parent: PID 1 inherits a living process. */
    if (fork() == 0) usleep(2000);
    _exit(0);
  }
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int number = atoi(argv[2]);
  if (strcmp(argv[1], "signal") == 0) return kill(1, number) == 0 ? 0 : 1;
  if (strcmp(argv[1], "orphans") != 0) return 2;
  for (int i = 0; i < number; i++) {
    if (orphan() != 0) {
      perror("fork");
      return 1;
    }
  }
  return 0;
}
