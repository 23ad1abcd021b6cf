/* needs: Linux 6.12
   Calls that look at what a path leads to, open it or go there, over paths that are not there, not reachable, too long or not text at all. */
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/vfs.h>

#include "sweep.h"

/* O_TMPFILE's own bit gives a file that depends on the file system's age. */
KIND(OPEN_FLAGS, 0xffffffffUL & ~(020000000UL), V(-1), V(O_WRONLY), OR, V(O_RDWR), V(3), V(O_CREAT), V(O_CREAT | O_EXCL),
     V(O_WRONLY | O_TRUNC), V(O_DIRECTORY), V(O_NOFOLLOW), V(O_PATH), V(O_PATH | O_NOFOLLOW), V(O_CREAT | O_DIRECTORY),
     V(O_NOATIME), V(O_CREAT | O_WRONLY | O_TRUNC | O_EXCL | O_NOFOLLOW), V(O_TMPFILE | O_RDONLY), V(020000000),
     V(HIGH(O_RDONLY)));
KIND(ACCESS_MODES, 0xfffffff8UL, V(-1), V(8), OR, V(0), V(1), V(2), V(4), V(7), V(HIGH(4)));
KIND(MASKS, 0xffffffffUL, V(-1), V(0x80000000L), OR, V(0), V(HIGH(0x7ff)));
KIND(STATX_FLAGS, 0xffffffffUL & ~0x800UL, V(-1), V(0x6000), OR, V(HIGH(0)));
KIND(HOW, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(AT(424)), V(AT(448)), V(AT(472)), V(AT(496)), V(AT(520)), V(AT(544)),
     V(AT(568)), V(AT(592)), V(AT(616)));
KIND(HOW_SIZES, 0, V(0), V(-1), OR, V(23), V(25), V(32), V(4096), V(4097), V(1L << 32));
KIND(BUFFER_SIZES, 0, V(0), V(-1), OR, V(1), V(3), V(INT_MAX), V(HIGH(64)), V(INT_MIN));

static void lists(void) {
  after_success = sweep_tree;
  SWEEP_FD(open, A("file", PATHS), A(O_RDONLY | O_NONBLOCK, OPEN_FLAGS), A(0644, FIXED));
  SWEEP_FD(open, A("dir", FIXED), A(O_RDONLY | O_NONBLOCK, OPEN_FLAGS), A(0644, FIXED));
  SWEEP_FD(open, A("link", FIXED), A(O_RDONLY | O_NONBLOCK, OPEN_FLAGS), A(0644, FIXED));
  SWEEP_FD(open, A("dangling", FIXED), A(O_RDONLY | O_NONBLOCK, OPEN_FLAGS), A(0644, FIXED));
  SWEEP_FD(open, A("missing", FIXED), A(O_RDONLY | O_NONBLOCK, OPEN_FLAGS), A(0644, FIXED));
  may_wait = 1;
  SWEEP_FD(open, A("fifo", FIXED), A(O_RDONLY | O_NONBLOCK, OPEN_FLAGS), A(0644, FIXED));
  may_wait = 0;
  SWEEP_FD(open, A("new", NEW_PATHS), A(O_WRONLY | O_CREAT | O_EXCL | O_NONBLOCK, FIXED), A(0644, MODES));
  SWEEP_FD(open, A("new", NEW_PATHS), A(O_RDWR | O_CREAT | O_NONBLOCK, FIXED), A(0644, FIXED));
  SWEEP_FD(openat, A(AT_FDCWD, DIRS), A("file", PATHS), A(O_RDONLY | O_NONBLOCK, OPEN_FLAGS), A(0644, FIXED));
  SWEEP_FD(creat, A("new", FIXED), A(0644, MODES));
  *(struct open_how *)AT(400) = (struct open_how){.flags = O_RDONLY | O_NONBLOCK};
  *(struct open_how *)AT(424) = (struct open_how){.flags = 1UL << 40};
  *(struct open_how *)AT(448) = (struct open_how){.flags = O_RDONLY, .mode = 0644};
  *(struct open_how *)AT(472) = (struct open_how){.flags = O_CREAT | O_WRONLY, .mode = 0100644};
  *(struct open_how *)AT(496) = (struct open_how){.flags = O_RDONLY, .resolve = 0x80};
  *(struct open_how *)AT(520) = (struct open_how){.resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT};
  *(struct open_how *)AT(544) = (struct open_how){.resolve = RESOLVE_NO_SYMLINKS};
  *(struct open_how *)AT(568) = (struct open_how){.flags = O_PATH | O_RDWR};
  *(struct open_how *)AT(592) = (struct open_how){.flags = O_CREAT, .resolve = RESOLVE_CACHED};
  *(struct open_how *)AT(616) = (struct open_how){.flags = -1};
  SWEEP_FD(openat2, A(AT_FDCWD, DIRS), A("file", PATHS), A(AT(400), HOW), A(24, HOW_SIZES));
  *(struct open_how *)AT(400) = (struct open_how){.flags = O_NONBLOCK, .resolve = RESOLVE_NO_SYMLINKS};
  SWEEP_FD(openat2, A(AT_FDCWD, FIXED), A("file", PATHS), A(AT(400), FIXED), A(24, FIXED));
  *(struct open_how *)AT(400) = (struct open_how){.flags = O_NONBLOCK, .resolve = RESOLVE_BENEATH};
  SWEEP_FD(openat2, A(AT_FDCWD, FIXED), A("file", PATHS), A(AT(400), FIXED), A(24, FIXED));
  SWEEP_FD(openat2, A(DIR_FD, DIRS), A("../file", FIXED), A(AT(400), FIXED), A(24, FIXED));
  SWEEP_FD(openat2, A(DIR_FD, DIRS), A("/file", FIXED), A(AT(400), FIXED), A(24, FIXED));
  *(struct open_how *)AT(400) = (struct open_how){.flags = O_NONBLOCK, .resolve = RESOLVE_IN_ROOT};
  SWEEP_FD(openat2, A(DIR_FD, DIRS), A("../file", FIXED), A(AT(400), FIXED), A(24, FIXED));
  SWEEP_FD(openat2, A(DIR_FD, DIRS), A("/file", FIXED), A(AT(400), FIXED), A(24, FIXED));
}

static void looks(void) {
  after_success = NULL;
  SWEEP(stat, A("file", PATHS), A(DATA, FILLED));
  SWEEP(lstat, A("file", PATHS), A(DATA, FILLED));
  SWEEP(newfstatat, A(AT_FDCWD, DIRS), A("file", PATHS), A(DATA, FILLED), A(0, FLAGS));
  SWEEP(newfstatat, A(FILE_FD, FDS), A("", TEXTS), A(DATA, FILLED), A(AT_EMPTY_PATH, FIXED));
  SWEEP(statx, A(AT_FDCWD, DIRS), A("file", PATHS), A(0, STATX_FLAGS), A(0x7ff, MASKS), A(DATA, FILLED));
  SWEEP(statx, A(FILE_FD, FDS), A("", TEXTS), A(AT_EMPTY_PATH, FIXED), A(0x7ff, MASKS), A(DATA, FILLED));
  SWEEP(access, A("file", PATHS), A(R_OK, ACCESS_MODES));
  SWEEP(faccessat, A(AT_FDCWD, DIRS), A("file", PATHS), A(R_OK, ACCESS_MODES), A(0, FIXED));
  SWEEP(faccessat2, A(AT_FDCWD, DIRS), A("file", PATHS), A(R_OK, ACCESS_MODES), A(0, FLAGS));
  SWEEP(readlink, A("link", PATHS), A(DATA, FILLED), A(64, BUFFER_SIZES));
  SWEEP(readlinkat, A(AT_FDCWD, DIRS), A("link", PATHS), A(DATA, FILLED), A(64, BUFFER_SIZES));
  SWEEP(statfs, A("file", PATHS), A(DATA, FILLED));
  SWEEP(ustat, A(0, FIXED), A(DATA, FILLED));
  SWEEP(ustat, A(-1, FIXED), A(DATA, FILLED));
  SWEEP_GOOD(sysfs, A(3, FIXED), A(NULL, FIXED), A(NULL, FIXED));
  SWEEP(sysfs, A(9, NUMBERS), A(NULL, NUMBERS), A(DATA, FILLED));
  SWEEP(sysfs, A(1, FIXED), A("nothing", TEXTS), A(NULL, FIXED));
  SWEEP(sysfs, A(2, FIXED), A(10000, NUMBERS), A(UNMAPPED, FIXED));
  SWEEP_GOOD(getcwd, A(DATA, FILLED), A(PATH_MAX, SIZES));
  SWEEP(umask, A(022, MODES));
  umask(022);
}

static void go_back(void) { fchdir(WORK_FD); }

KIND(MOUNT_FLAGS, 0, V(-1), OR, V(MS_BIND), V(MS_REMOUNT), V(MS_MOVE), V(MS_PRIVATE));
KIND(UMOUNT_FLAGS, 0xfffffff0UL, V(-1), OR, V(HIGH(0)));
/* AT_EXECVE_CHECK is younger. */
KIND(EXEC_FLAGS, 0xffffffffUL & ~0x10000UL, V(-1), OR);
KIND(ARGUMENTS, 0, V(UNMAPPED), V(AT(2016)), OR, V(NULL), V(CROSSING), V(KERNEL));
KIND(WATCHES, 0xf0000000UL & ~0x10000000UL, V(0), OR, V(0x1000000), V(0x2000000), V(0x4000000), V(HIGH(2)), V(0x20000000),
     V(0x30000000), V(0x2000));

static void places(void) {
  after_success = go_back;
  SWEEP(chdir, A("dir", PATHS));
  SWEEP(chroot, A("dir", PATHS));
  SWEEP(mount, A("none", TEXTS), A("dir", PATHS), A("tmpfs", TEXTS), A(0, MOUNT_FLAGS), A(NULL, ARGUMENTS));
  SWEEP(umount2, A("dir", PATHS), A(0, UMOUNT_FLAGS));
  SWEEP(swapon, A("file", PATHS), A(0, FLAGS));
  SWEEP(swapoff, A("file", PATHS));
  SWEEP(acct, A("file", PATHS));
  after_success = NULL;
  *(long *)AT(2000) = 0;
  *(long *)AT(2016) = UNMAPPED, *(long *)AT(2024) = 0;
  SWEEP(execve, A("file", PATHS), A(AT(2000), ARGUMENTS), A(AT(2000), ARGUMENTS));
  SWEEP(execveat, A(AT_FDCWD, DIRS), A("file", PATHS), A(AT(2000), ARGUMENTS), A(AT(2000), ARGUMENTS), A(0, EXEC_FLAGS));
  SWEEP(execveat, A(FILE_FD, FDS), A("", FIXED), A(AT(2000), FIXED), A(AT(2000), FIXED), A(AT_EMPTY_PATH, FIXED));
  chmod("file", 0755);
  SWEEP(execve, A("file", PATHS), A(AT(2000), ARGUMENTS), A(AT(2000), ARGUMENTS));
  SWEEP(execveat, A(AT_FDCWD, FIXED), A("link", PATHS), A(AT(2000), FIXED), A(AT(2000), FIXED), A(AT_SYMLINK_NOFOLLOW, FIXED));
  put_file("file", "#!/nowhere/to/be/found\n");
  SWEEP(execve, A("file", PATHS), A(AT(2000), ARGUMENTS), A(AT(2000), ARGUMENTS));
  put_file("file", "#!  \n");
  SWEEP(execve, A("file", FIXED), A(AT(2000), FIXED), A(AT(2000), FIXED));
  put_file("file", "#!./file\n");
  SWEEP(execve, A("file", FIXED), A(AT(2000), FIXED), A(AT(2000), FIXED));
  put_file("file", "\177ELF");
  SWEEP(execve, A("file", FIXED), A(AT(2000), FIXED), A(AT(2000), FIXED));
  put_file("file", "");
  SWEEP(execve, A("file", FIXED), A(AT(2000), FIXED), A(AT(2000), FIXED));
  sweep_new_tree();
  SWEEP_GOOD(inotify_add_watch, A(INOTIFY_FD, FDS), A("file", PATHS), A(2, WATCHES));
  SWEEP_GOOD(inotify_rm_watch, A(INOTIFY_FD, FDS), A(100, NUMBERS));
  SWEEP_FD(inotify_init);
  SWEEP_FD(inotify_init1, A(0, FLAGS));
}

static void sweep_all(void) {
  lists();
  looks();
  places();
}
