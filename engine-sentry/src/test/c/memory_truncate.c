/*
 * What becomes of mappings when their file becomes shorter or longer: SIGBUS behind the end, in
 * every process, and the file's bytes again when it has grown.
 */
#include "show.h"

#include <sched.h>
#include <setjmp.h>
#include <sys/mman.h>

#define show(...) (printf(__VA_ARGS__), printf("\n"))
#define PAGE 4096

static sigjmp_buf out;

static void on_signal(int signo)
{
	siglongjmp(out, signo);
}

/* The byte at an address, or minus the signal that reading it gives. */
static int peek(const volatile char *p)
{
	int signo = sigsetjmp(out, 1);

	return signo ? -signo : *p;
}

static int poke(volatile char *p, char value)
{
	int signo = sigsetjmp(out, 1);

	if (signo)
		return -signo;
	*p = value;
	return 0;
}

static int file_of(int pages)
{
	char name[] = "/tmp/truncate-XXXXXX";
	int fd = mkstemp(name);
	char block[PAGE];

	unlink(name);
	for (int i = 0; i < pages; i++) {
		memset(block, 'a' + i, sizeof block);
		if (write(fd, block, sizeof block) != sizeof block)
			exit(1);
	}
	return fd;
}

static void shared_and_private(void)
{
	int fd = file_of(40), ends[2];
	char *shared = mmap(NULL, 40 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 40 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *part = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 2 * PAGE);

	show("before %d %d %d", peek(shared + 3 * PAGE), peek(private + 3 * PAGE), peek(part + PAGE));
	show("own copy %d", poke(private + 5 * PAGE, 'P'));
	show("truncate %d", ftruncate(fd, 3 * PAGE + 100));
	show("last page %d %d %d", peek(shared + 3 * PAGE), peek(private + 3 * PAGE),
	     peek(part + PAGE));
	show("behind the end in it %d", peek(shared + 3 * PAGE + 200));
	show("behind it %d %d %d", peek(shared + 4 * PAGE), peek(private + 4 * PAGE),
	     peek(part + 2 * PAGE));
	show("far behind it %d %d", peek(shared + 39 * PAGE), poke(shared + 39 * PAGE, 1));
	show("the copy too %d", peek(private + 5 * PAGE));
	NEED(pipe(ends) == 0);
	SHOW(write(ends[1], shared + 4 * PAGE, 1));
	show("grow %d", ftruncate(fd, 6 * PAGE));
	show("zeros %d %d %d", peek(shared + 4 * PAGE), peek(private + 5 * PAGE),
	     peek(part + 3 * PAGE));
	show("write %zd", pwrite(fd, "new", 3, 4 * PAGE));
	show("seen %d %d", peek(shared + 4 * PAGE), peek(private + 4 * PAGE + 1));
	show("empty %d", ftruncate(fd, 0));
	show("all gone %d %d", peek(shared), peek(private));
	close(fd);
}

/* Another process has it mapped and is running when the file is cut. */
static void other_process(void)
{
	int fd = file_of(8), status;
	char *map = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t child = fork();

	if (child == 0) {
		signal(SIGBUS, SIG_DFL);
		alarm(60);
		map[0] = 'R';
		for (;;)
			(void)((volatile char *)map)[7 * PAGE];
	}
	while (((volatile char *)map)[0] != 'R')
		sched_yield();
	show("cut %d", ftruncate(fd, PAGE));
	waitpid(child, &status, 0);
	show("child %d", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
	show("parent %d %d", peek(map), peek(map + PAGE));
	close(fd);
}

/* What is written through a descriptor is seen in mappings, and the other way round. */
static void coherent(void)
{
	int fd = file_of(20), again = dup(fd);
	char *map = mmap(NULL, 20 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *copy = mmap(NULL, 20 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char back[4] = { 0 };

	copy[16 * PAGE] = 'C';
	show("write %zd", pwrite(again, "xyz", 3, 17 * PAGE - 1));
	show("mapped %c%c%c", map[17 * PAGE - 1], map[17 * PAGE], map[17 * PAGE + 1]);
	show("private: copied page %d, others %c", copy[17 * PAGE - 1], copy[17 * PAGE]);
	memcpy(map + 9 * PAGE, "map", 3);
	show("read %zd %s", pread(again, back, 3, 9 * PAGE), back);
	show("private sees it %.3s", copy + 9 * PAGE);
	show("remap %d", mmap(map, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, again, 9 * PAGE) == map);
	show("%.3s", map);
	close(fd);
	close(again);
}

int main(void)
{
	signal(SIGBUS, on_signal);
	signal(SIGSEGV, on_signal);
	shared_and_private();
	other_process();
	coherent();
	return 0;
}
