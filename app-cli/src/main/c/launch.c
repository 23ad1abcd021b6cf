/*
 * Starts what a command line wants, with the Java arguments that belong to it. It is in the time of every command, so it is
 * no script: a shell takes longer to start than this needs in all.
 *
 *   launch JAVA_HOME DIST PROGRAM [WORD...]
 *
 * DIST has the files of Java arguments, the caches and the program in front; PROGRAM is the command for others to run. What
 * the words mean is decided by the real parser, in Java. Here they only choose how that is started, and a wrong guess costs time.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "checkpoints.h"
#include "utf8.h"

enum { FAILED = 125, USAGE = 2, MOST_FLAGS = 16 };

/* Options of "run" that have a value in the next word. */
static const char *const with_value[] = {
    "--name",     "--env",    "--env-file", "--workdir",    "--user", "--volume", "--hostname",   "--entrypoint", "--timeout", "--engine",
    "--platform", "--memory", "--cpus",     "--pids",       "--pull", "--trace",  "--pids-limit", "--progress",   "--profile", "--net",
    "--allow",    "--dns",    "--publish",  "-e",           "-w",     "-u",       "-v",           "-m",           "-p",        NULL};

/*
 * What prompts and scripts ask all the time. Their cache holds what they need and no more: how large it is decides how long
 * the JVM takes to map it.
 */
static const char *const quick[] = {"version", "--version", "-v", "ps", NULL};
/*
 * They are over before compiling anything gains what it costs, nobody replays what a training run knew of methods, and the cache
 * is mapped where it was made for: to relocate it would touch every page of it, and these touch few.
 */
static const char *const quick_flags[] = {"-XX:+UnlockDiagnosticVMOptions",   "-XX:-AOTReplayTraining",   "-XX:ArchiveRelocationMode=0",
                                          "-XX:CompileThresholdScaling=10", "-Xms8m", NULL};

/*
 * What goes over every byte of an image wants the better compiler, which knows the processor's own SHA-256, but only for what
 * is truly hot (else compiling takes a sixth of a pull's time); and room for the files of large layers.
 */
static const char *const over_images[] = {"pull", "push", "load", "save", "import", "commit", "verify", NULL};
static const char *const better_compiler[] = {"-XX:TieredStopAtLevel=4",
                                              "-XX:Tier4InvocationThreshold=50000",
                                              "-XX:Tier4MinInvocationThreshold=6000",
                                              "-XX:Tier4CompileThreshold=150000",
                                              "-XX:Tier4BackEdgeThreshold=400000",
                                              "-Xmx1g",
                                              NULL};

/*
 * What shows calls as they are made reads as many as a guest makes, with a processor that the guest could have: compiled by the
 * better compiler it needs half of it, from its second second on. These commands wait for their reader, or run until they are ended.
 */
static const char *const watching[] = {"trace", "events", NULL};
static const char *const both_compilers[] = {"-XX:TieredStopAtLevel=4", NULL};

static int is_one_of(const char *word, const char *const *words) {
  for (; *words; words++)
    if (!strcmp(word, *words))
      return 1;
  return 0;
}

static int begins(const char *word, const char *with) { return !strncmp(word, with, strlen(with)); }

static char *join(const char *a, const char *b, const char *c) {
  size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
  char *text = malloc(size);
  if (!text)
    exit(FAILED);
  snprintf(text, size, "%s%s%s", a, b, c);
  return text;
}

static int there(const char *dist, const char *name, int how) {
  char *path = join(dist, "/", name);
  int found = !access(path, how);
  free(path);
  return found;
}

/*
 * What the words after "run" want to run in, if that is to be a sandbox in the foreground without a terminal. Its process needs
 * no client: it does the client's work itself, and a small program stands in front of it. When in doubt, NULL.
 */
static const char *in_front(const char *dist, char **words) {
  if (!there(dist, "front", X_OK) || !there(dist, "sandbox.aot", F_OK))
    return NULL;
  for (; *words; words++) {
    const char *word = *words;
    if (begins(word, "--detach") || begins(word, "--tty") || !strcmp(word, "--help") || *word == '@')
      return NULL;
    if (is_one_of(word, with_value)) {
      if (!*++words)
        return NULL;
    } else if (begins(word, "--"))
      continue;
    else if (*word != '-')
      return word;
    else if (strpbrk(word, "dt"))
      return NULL;
  }
  return NULL;
}

/* Whether options before an image ask for a virtual machine: its start needs other classes than the sentry's. */
static int in_machine(char **words) {
  for (; *words && **words == '-'; words++) {
    if (!strcmp(*words, "--engine=microvm") || (!strcmp(*words, "--engine") && words[1] && !strcmp(words[1], "microvm")))
      return 1;
    if (is_one_of(*words, with_value) && !*++words)
      return 0;
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "viv: wrong usage: launch JAVA_HOME DIST PROGRAM [WORD...]; it is started by viv\n");
    return USAGE;
  }
  char *java = join(argv[1], "/bin/", "java"), *dist = argv[2], **words = argv + 4;
  const char *verb = *words ? *words : "", *main_class = "dev.vivarium.cli.Main", *arguments = "/viv.args";
  const char **command = calloc((size_t)argc + MOST_FLAGS + 4, sizeof *command), **end = command;
  if (!command)
    return FAILED;
  unsetenv("JAVA_TOOL_OPTIONS");
  unsetenv("JDK_JAVA_OPTIONS");
  unsetenv("VIVARIUM_FRONT");
  speak_utf8();
  /* What the prompt runs for a command whose output goes into a program of this machine. */
  setenv("VIVARIUM_PROGRAM", argv[3], 1);

  const char *const *flags = NULL;
  const char *jar = join(dist, "/", "vivarium.jar"), *saved = NULL;
  /* It is one of a sentry, and made with the cache, which may still have to be made itself. */
  int wanted = !strcmp(verb, "run") && !in_machine(words + 1) && there(dist, "image.aot", R_OK);
  if (!is_one_of(verb, quick) && there(dist, "native/restore", X_OK))
    saved = checkpoint_for_now(jar, java, join("@", dist, "/run.args"), join("-XX:AOTCache=", dist, "/image.aot"), wanted);
  if (saved)
    setenv("VIVARIUM_CHECKPOINT_FILE", saved, 1); /* for the processes of sandboxes with a client */
  else
    unsetenv("VIVARIUM_CHECKPOINT_FILE");
  int needs_jvm = 1;
  const char *cache = NULL, *image = strcmp(verb, "run") ? NULL : in_front(dist, words + 1);
  if (image) {
    *end++ = join(dist, "/", "front");
    arguments = "/run.args";
    if (in_machine(words + 1)) {
      cache = "vm.aot";
      /* Before there are threads: it is to leave the host's namespaces. */
      if (there(dist, "native/enclosure", X_OK)) {
        *end++ = join(dist, "/", "native/enclosure");
        *end++ = "nest";
      }
    } else {
      if (saved) {
        needs_jvm = 0;
        *end++ = join(dist, "/", "native/restore");
        *end++ = saved;
        *end++ = jar;
      }
      if (strcmp(image, "host"))
        cache = "image.aot"; /* It has the store besides, which this machine's own files need not. */
    }
  } else if (!strcmp(verb, "gui") && !words[1] && there(dist, "gui.args", R_OK)) {
    /* The desktop is a program of its own: its libraries would cost every other command's start. */
    arguments = "/gui.args";
    main_class = "dev.vivarium.gui.Main";
    words++;
  } else if (!*verb || !strcmp(verb, "shell"))
    cache = "shell.aot";
  else if (is_one_of(verb, quick))
    cache = "quick.aot", flags = quick_flags;
  else if (is_one_of(verb, over_images))
    flags = better_compiler;
  else if (is_one_of(verb, watching))
    flags = both_compilers;

  char here[PATH_MAX];
  if (needs_jvm && !getcwd(here, sizeof here) && errno == ENOENT) {
    /* No JVM starts there, and it says so in many lines. */
    fprintf(stderr, "viv: cannot start: the folder that this was started in is gone; change to another\n");
    return FAILED;
  }
  *end++ = java;
  *end++ = join("@", dist, arguments);
  if (cache && there(dist, cache, R_OK))
    *end++ = join(join("-XX:AOTCache=", dist, "/"), cache, "");
  for (; flags && *flags; flags++)
    *end++ = *flags;
  *end++ = main_class;
  while (*words)
    *end++ = *words++;
  execv(command[0], (char *const *)command);
  fprintf(stderr, "viv: cannot start: %s: %s\n", command[0], strerror(errno));
  return FAILED;
}
