/* exec in all its forms: what the new program gets, scripts, and everything that cannot run. */
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "show.h"

extern char **environ;

static int report(int argc, char **argv) {
  printf("argc %d:", argc);
  for (int i = 1; i < argc; i++) printf(" [%s]", argv[i]);
  printf(" env:");
  for (char **e = environ; *e; e++) printf(" %s", *e);
  sigset_t set;
  sigprocmask(SIG_SETMASK, NULL, &set);
  struct sigaction sa;
  sigaction(SIGUSR2, NULL, &sa);
  printf(" usr1 %s usr2 %s", sigismember(&set, SIGUSR1) ? "blocked" : "open",
         sa.sa_handler == SIG_IGN   ? "ignored"
         : sa.sa_handler == SIG_DFL ? "default"
                                    : "handled");
  sigaction(SIGHUP, NULL, &sa);
  printf(" hup %s\n", sa.sa_handler == SIG_DFL ? "default" : "other");
  HOLDS(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_RANDOM) != 0);
  HOLDS(getauxval(AT_UID) == getuid() && getauxval(AT_SECURE) == 0);
  fflush(stdout);
  return 21;
}

static void run(const char *what, const char *path, char *const argv[], char *const envp[]) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    execve(path, argv, envp);
    printf("%s: %s\n", what, error_name(errno));
    fflush(stdout);
    _exit(127);
  }
  int status;
  waitpid(pid, &status, 0);
  show_status(what, status);
}

static void handler(int sig) { (void)sig; }

int main(int argc, char **argv) {
  if (argc > 1) return report(argc, argv);
  enter_work_directory();
  char self[512] = {0};
  NEED(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  char *env[] = {"A=1", "B=two words", NULL}, *no_env[] = {NULL};
  signal(SIGHUP, handler);
  signal(SIGUSR2, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  run("plain", self, (char *[]){"x", "report", "a b", "", NULL}, env);
  run("no environment", self, (char *[]){"x", "report", NULL}, no_env);

  /* Scripts. */
  char text[1024];
  snprintf(text, sizeof text, "#!%s\nnothing\n", self);
  put_file("script", text);
  run("not executable", "./script", (char *[]){"script", "x", NULL}, no_env);
  chmod("script", 0755);
  run("script", "./script", (char *[]){"name", "x", NULL}, no_env);
  snprintf(text, sizeof text, "#! %s   script  one argument  \n", self);
  put_file("script2", text);
  chmod("script2", 0755);
  run("script with an argument", "./script2", (char *[]){"name", "script", NULL}, no_env);
  put_file("nested", "#!./script\n");
  chmod("nested", 0755);
  run("script of a script", "./nested", (char *[]){"name", "x", NULL}, no_env);
  put_file("endless", "#!./endless\n");
  chmod("endless", 0755);
  run("script of itself", "./endless", (char *[]){"name", NULL}, no_env);
  put_file("nowhere", "#!/no/such/interpreter\n");
  chmod("nowhere", 0755);
  run("interpreter missing", "./nowhere", (char *[]){"name", NULL}, no_env);
  put_file("empty", "");
  chmod("empty", 0755);
  run("empty file", "./empty", (char *[]){"name", NULL}, no_env);
  put_file("garbage", "this is not a program\n");
  chmod("garbage", 0755);
  run("garbage", "./garbage", (char *[]){"name", NULL}, no_env);
  put_file("elf", "\177ELF\2\1\1");
  chmod("elf", 0755);
  run("a short ELF", "./elf", (char *[]){"name", NULL}, no_env);
  put_file("blank", "#!\n");
  chmod("blank", 0755);
  run("blank interpreter", "./blank", (char *[]){"name", NULL}, no_env);
  run("missing", "./missing", (char *[]){"name", NULL}, no_env);
  run("a folder", ".", (char *[]){"name", NULL}, no_env);
  run("through a file", "./script/x", (char *[]){"name", NULL}, no_env);
  run("empty name", "", (char *[]){"name", NULL}, no_env);
  run("bad pointer", (char *)8, (char *[]){"name", NULL}, no_env);
  run("bad argv", self, (char **)8, no_env);

  /* An ELF of another machine. */
  unsigned char head[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
  head[16] = 2;
  head[18] = 183;
  int fd = open("arm", O_WRONLY | O_CREAT, 0755);
  write(fd, head, sizeof head);
  close(fd);
  run("another machine", "./arm", (char *[]){"name", NULL}, no_env);

  /* A long command line, and one that is too long. */
  char *big = malloc(120001);
  memset(big, 'x', 120000);
  big[120000] = 0;
  char *many[40];
  many[0] = "true";
  for (int i = 1; i < 8; i++) many[i] = big;
  many[8] = NULL;
  run("long command line", "/bin/true", many, no_env);
  char *huge = malloc(200001);
  memset(huge, 'x', 200000);
  huge[200000] = 0;
  run("an argument too long", "/bin/true", (char *[]){"true", huge, NULL}, no_env);

  /* By descriptor. */
  fflush(stdout);
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    int self_fd = open(self, O_RDONLY | O_CLOEXEC);
    fexecve(self_fd, (char *[]){"x", "report", "by descriptor", NULL}, no_env);
    _exit(127);
  }
  waitpid(pid, &status, 0);
  show_status("fexecve", status);

  /* posix_spawn with file actions and attributes; vfork. */
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_addclose(&actions, 0);
  posix_spawnattr_init(&attr);
  posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
  sigset_t empty;
  sigemptyset(&empty);
  posix_spawnattr_setsigmask(&attr, &empty);
  SHOW(posix_spawn(&pid, self, &actions, &attr, (char *[]){"x", "report", "spawned", NULL}, env));
  waitpid(pid, &status, 0);
  show_status("posix_spawn", status);
  show_file("out");
  printf("posix_spawn of nothing: %s\n",
         error_name(posix_spawn(&pid, "/missing", NULL, NULL, (char *[]){"x", NULL}, env)));
  volatile int shared = 1;
  pid = vfork();
  if (pid == 0) {
    shared = 2;
    _exit(5);
  }
  waitpid(pid, &status, 0);
  show_status("vfork", status);
  printf("shared %d\n", shared);
  SHOW(system("exit 3") >> 8);
  FILE *f = popen("echo from popen; exit 4", "r");
  fgets(text, sizeof text, f);
  printf("%s", text);
  SHOW(pclose(f) >> 8);
  return 0;
}
