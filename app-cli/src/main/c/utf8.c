#define _GNU_SOURCE
#include "utf8.h"
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

void speak_utf8(void) {
  const char *all = getenv("LC_ALL");
  /* Not this program's own: what it has to say stays in one language. */
  locale_t installed = newlocale(LC_ALL_MASK, "", NULL);
  if (installed && strcmp(nl_langinfo_l(CODESET, installed), "ANSI_X3.4-1968"))
    return;
  /* Messages, numbers and times stay what they are, where that can be. */
  setenv(installed && (!all || !*all) ? "LC_CTYPE" : "LC_ALL", "C.UTF-8", 1);
}
