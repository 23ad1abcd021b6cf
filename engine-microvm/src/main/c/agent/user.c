/* Who a command runs as. /etc/passwd and /etc/group are the image's: hostile text, read line by line. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define MAX_LINES 100000

/* A number that is a user or group id; false if the text is not one. */
static bool number(const char *text, uint32_t *value) {
  size_t length = strlen(text);
  if (length == 0 || length > 10) return false;
  uint64_t v = 0;
  for (const char *c = text; *c; c++) {
    if (!isdigit((unsigned char)*c)) return false;
    v = v * 10 + (uint64_t)(*c - '0');
  }
  if (v > 0xfffffffeULL) return false;
  *value = (uint32_t)v;
  return true;
}

struct line {
  char text[4096];
  char *field[8];
  int fields;
};

/* The next line, cut at its colons; false at the end. A line that is too long is passed over. */
static bool next_line(FILE *file, struct line *line, int *count) {
  while (++*count < MAX_LINES && fgets(line->text, sizeof line->text, file) != NULL) {
    size_t length = strcspn(line->text, "\n");
    if (line->text[length] == 0 && !feof(file)) {
      int c;
      while ((c = fgetc(file)) != EOF && c != '\n') {
      }
      continue;
    }
    line->text[length] = 0;
    line->fields = 0;
    for (char *at = line->text; at != NULL && line->fields < 8;) line->field[line->fields++] = strsep(&at, ":");
    return true;
  }
  return false;
}

/* Finds the line whose field in this column is the text. */
static bool find(const char *path, int column, const char *text, struct line *line) {
  FILE *file = fopen(path, "re");
  bool found = false;
  int count = 0;
  while (file != NULL && !found && next_line(file, line, &count))
    found = line->fields > column && strcmp(line->field[column], text) == 0;
  if (file != NULL) fclose(file);
  return found;
}

static bool lists(char *members, const char *name) {
  for (char *member; (member = strsep(&members, ",")) != NULL;)
    if (strcmp(member, name) == 0) return true;
  return false;
}

static void add_memberships(const char *name, struct identity *identity) {
  struct line line;
  uint32_t gid;
  int count = 0;
  FILE *file = fopen("/etc/group", "re");
  if (file == NULL) return;
  while (identity->group_count < 256 && next_line(file, &line, &count))
    if (line.fields > 3 && number(line.field[2], &gid) && lists(line.field[3], name))
      identity->groups[identity->group_count++] = gid;
  fclose(file);
}

int find_identity(const char *user, struct identity *identity) {
  char name[256], group[256] = "";
  struct line line;
  const char *colon = strchr(user, ':');
  size_t length = colon != NULL ? (size_t)(colon - user) : strlen(user);
  if (length >= sizeof name) return NO_SUCH_USER;
  memcpy(name, user, length);
  name[length] = 0;
  if (colon != NULL) {
    if (strlen(colon + 1) >= sizeof group) return NO_SUCH_GROUP;
    strcpy(group, colon + 1);
  }
  if (name[0] == 0) strcpy(name, "0");
  uint32_t uid, gid = 0;
  bool numeric = number(name, &uid);
  bool known = find("/etc/passwd", numeric ? 2 : 0, name, &line) && line.fields > 5;
  if (!numeric && (!known || !number(line.field[2], &uid))) return NO_SUCH_USER;
  strcpy(identity->home, "/");
  if (known) {
    if (!number(line.field[3], &gid)) gid = 0;
    if (line.field[5][0] == '/' && strlen(line.field[5]) < sizeof identity->home) strcpy(identity->home, line.field[5]);
    snprintf(name, sizeof name, "%s", line.field[0]);
  }
  identity->group_count = 0;
  if (group[0] != 0) {
    if (!number(group, &gid) && !(find("/etc/group", 0, group, &line) && line.fields > 2 && number(line.field[2], &gid)))
      return NO_SUCH_GROUP;
  } else if (known) {
    add_memberships(name, identity);
  }
  identity->uid = uid;
  identity->gid = gid;
  return 0;
}
