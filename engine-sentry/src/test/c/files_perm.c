/* needs: root */
/* Who may do what: modes, owners, groups, the sticky bit, and what root may do regardless. */
#include <grp.h>

#include "show.h"

static void as(uid_t uid, gid_t gid, void (*work)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    setgroups(0, NULL);
    NEED(setgid(gid) == 0);
    NEED(setuid(uid) == 0);
    printf("-- as %d:%d\n", (int)uid, (int)gid);
    work();
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  if (status) show_status("child", status);
}

static void look(void) {
  SHOW_OK(open("private", O_RDONLY));
  SHOW_OK(open("group", O_RDONLY));
  SHOW_OK(open("group", O_WRONLY));
  SHOW_OK(open("public", O_RDONLY));
  SHOW_OK(open("public", O_WRONLY));
  SHOW_OK(open("public", O_RDONLY | O_TRUNC));
  SHOW_OK(open("nothing", O_RDONLY));
  SHOW(access("private", F_OK));
  SHOW(access("private", R_OK));
  SHOW(access("public", R_OK | W_OK));
  SHOW(access("public", X_OK));
  SHOW(access("program", X_OK));
  SHOW(access("public", 8));
  SHOW_OK(open("closed/f", O_RDONLY));
  SHOW_OK(open("closed", O_RDONLY));
  SHOW_OK(open("noread", O_RDONLY));
  SHOW_OK(open("noread/f", O_RDONLY));
  SHOW_OK(open("noexec", O_RDONLY));
  SHOW_OK(open("noexec/f", O_RDONLY));
  SHOW(chdir("closed"));
  SHOW_OK(open("mine", O_CREAT | O_WRONLY, 0600));
  SHOW(mkdir("dir", 0755));
  SHOW(rmdir("dir"));
  SHOW(unlink("public"));
  SHOW(rename("public", "private"));
  SHOW(chmod("public", 0777));
  SHOW(chown("public", 1000, 1000));
  SHOW(truncate("public", 3));
  SHOW(utimensat(AT_FDCWD, "public", NULL, 0));
  SHOW(symlink("x", "link"));
  SHOW(link("private", "link"));
  SHOW_OK(open("sticky/own", O_CREAT | O_WRONLY, 0644));
  SHOW(unlink("sticky/other"));
  SHOW(rename("sticky/other", "sticky/renamed"));
  SHOW(unlink("sticky/own"));
}

static void owner(void) {
  struct stat st;
  SHOW(chmod("owned", 0));
  SHOW_OK(open("owned", O_RDONLY));
  SHOW(chmod("owned", 06755));
  stat("owned", &st);
  printf("mode %o\n", st.st_mode);
  SHOW(chown("owned", 1001, -1));
  SHOW(chown("owned", -1, 1234));
  SHOW(chown("owned", -1, 1000));
  stat("owned", &st);
  printf("mode %o\n", st.st_mode);
  SHOW(chmod("owned", 06755));
  int fd = open("owned", O_WRONLY);
  SHOW(write(fd, "x", 1));
  stat("owned", &st);
  printf("mode %o\n", st.st_mode);
  SHOW(chmod("strangegroup", 02755));
  stat("strangegroup", &st);
  printf("mode %o\n", st.st_mode);
}

static void by_euid(void) {
  /* access asks for the real user, open for the effective one. */
  SHOW(access("private", R_OK));
  SHOW(faccessat(AT_FDCWD, "private", R_OK, AT_EACCESS));
}

int main(void) {
  enter_work_directory();
  struct stat st;
  put_file("private", "p");
  chmod("private", 0600);
  put_file("group", "g");
  chown("group", 0, 1000);
  chmod("group", 0640);
  put_file("public", "public");
  put_file("program", "");
  chmod("program", 0711);
  put_file("nothing", "");
  chmod("nothing", 0);
  mkdir("closed", 0700);
  put_file("closed/f", "");
  mkdir("noread", 0711);
  put_file("noread/f", "");
  mkdir("noexec", 0744);
  put_file("noexec/f", "");
  mkdir("sticky", 0755);
  chmod("sticky", 01777);
  put_file("sticky/other", "");
  put_file("owned", "o");
  chown("owned", 1000, 1000);
  put_file("strangegroup", "");
  chown("strangegroup", 1000, 1234);

  as(1000, 1000, look);
  as(1001, 1001, look);
  as(1000, 1000, owner);

  printf("-- as root\n");
  SHOW_OK(open("nothing", O_RDWR));
  SHOW(access("nothing", R_OK | W_OK));
  SHOW(access("nothing", X_OK));
  SHOW(access("program", X_OK));
  SHOW(chown("owned", 0, 0));
  SHOW(chmod("owned", 06711));
  SHOW(chown("owned", 5, 6));
  stat("owned", &st);
  printf("mode %o %d %d\n", st.st_mode, (int)st.st_uid, (int)st.st_gid);
  SHOW(lchown("missing", 1, 1));
  symlink("owned", "sl");
  SHOW(lchown("sl", 7, 8));
  lstat("sl", &st);
  printf("link %d %d\n", (int)st.st_uid, (int)st.st_gid);
  SHOW(fchmodat(AT_FDCWD, "sl", 0600, 0));
  stat("owned", &st);
  printf("mode %o\n", st.st_mode);
  SHOW(setresuid(-1, 1000, -1));
  SHOW_OK(open("private", O_RDONLY));
  by_euid();
  SHOW(setresuid(-1, 0, -1));
  SHOW_OK(open("private", O_RDONLY));
  SHOW(setresuid(1000, 0, -1));
  by_euid();
  SHOW(setresuid(0, 0, 0));
  return 0;
}
