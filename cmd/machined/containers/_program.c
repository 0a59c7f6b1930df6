/* The program of the test image: says what it sees, then ends the way its argument tells. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void bye(int signal_number)
{
	(void)signal_number;
	puts("bye");
	exit(0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("mode %s uid %d greeting %s\n", mode, getuid(), getenv("GREETING"));
	if (strcmp(mode, "fail") == 0) {
		fputs("no such luck", stderr);
		return 7;
	}
	signal(SIGTERM, strcmp(mode, "deaf") == 0 ? SIG_IGN : bye);
	puts("up");
	for (;;)
		pause();
}
