/* Frames over the port, and readers of their payloads. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

#define QUEUE_SIZE (4 << 20)
#define QUEUE_FULL (256 << 10)

static int port = -1;
static uint8_t queue[QUEUE_SIZE];
static size_t queue_start, queue_length;
static uint8_t input[sizeof(struct frame_header) + MAX_PAYLOAD];
static size_t input_length;

void channel_open(int fd) { port = fd; }

int channel_fd(void) { return port; }

void channel_reset(void) { queue_length = input_length = 0; }

bool channel_pending(void) { return queue_length > 0; }

bool channel_full(void) { return queue_length > QUEUE_FULL; }

static void put(const void *bytes, size_t length) {
  const uint8_t *from = bytes;
  size_t end = (queue_start + queue_length) % QUEUE_SIZE;
  size_t first = QUEUE_SIZE - end < length ? QUEUE_SIZE - end : length;
  memcpy(queue + end, from, first);
  memcpy(queue, from + first, length - first);
  queue_length += length;
}

void channel_send(uint16_t type, uint32_t process, const void *a, size_t a_length, const void *b, size_t b_length) {
  struct frame_header header = {(uint32_t)(a_length + b_length), type, 0, process};
  if (a_length + b_length > MAX_PAYLOAD) return;
  /* Only a host that never reads gets here: its own sandbox ends. */
  if (queue_length + sizeof header + a_length + b_length > QUEUE_SIZE) end_machine();
  put(&header, sizeof header);
  put(a, a_length);
  put(b, b_length);
}

bool channel_flush(void) {
  while (queue_length > 0) {
    size_t run = QUEUE_SIZE - queue_start < queue_length ? QUEUE_SIZE - queue_start : queue_length;
    ssize_t n = write(port, queue + queue_start, run);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    queue_start = (queue_start + (size_t)n) % QUEUE_SIZE;
    queue_length -= (size_t)n;
  }
  return true;
}

bool channel_receive(void (*on_frame)(const struct frame_header *header, struct reader *payload), bool *heard) {
  *heard = false;
  for (;;) {
    ssize_t n = read(port, input + input_length, sizeof input - input_length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    *heard = true;
    input_length += (size_t)n;
    size_t at = 0;
    while (input_length - at >= sizeof(struct frame_header)) {
      struct frame_header header;
      memcpy(&header, input + at, sizeof header);
      if (header.length > MAX_PAYLOAD) give_up("a frame of %u bytes came from the host", header.length);
      if (input_length - at < sizeof header + header.length) break;
      struct reader payload = {input + at + sizeof header, input + at + sizeof header + header.length, false};
      on_frame(&header, &payload);
      at += sizeof header + header.length;
    }
    memmove(input, input + at, input_length - at);
    input_length -= at;
  }
}

_Noreturn void give_up(const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  uint32_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (uint32_t)n : sizeof text - 1;
  fprintf(stderr, "vivarium-agent: %s\n", text);
  if (port >= 0) {
    channel_send(FAILED, 0, &length, sizeof length, text, length);
    /* A little time for the host to read it; it ends the machine itself. */
    for (int i = 0; i < 200 && channel_pending() && channel_flush(); i++) usleep(5000);
    usleep(200000);
  }
  end_machine();
}

static const uint8_t *take(struct reader *r, size_t n) {
  static const uint8_t zeros[8];
  if (r->bad || (size_t)(r->end - r->at) < n) {
    r->bad = true;
    return zeros;
  }
  const uint8_t *from = r->at;
  r->at += n;
  return from;
}

uint8_t read_u8(struct reader *r) { return *take(r, 1); }

uint16_t read_u16(struct reader *r) {
  uint16_t v;
  memcpy(&v, take(r, sizeof v), sizeof v);
  return v;
}

uint32_t read_u32(struct reader *r) {
  uint32_t v;
  memcpy(&v, take(r, sizeof v), sizeof v);
  return v;
}

uint64_t read_u64(struct reader *r) {
  uint64_t v;
  memcpy(&v, take(r, sizeof v), sizeof v);
  return v;
}

char *read_string(struct reader *r) {
  uint32_t length = read_u32(r);
  if (length > (size_t)(r->end - r->at)) r->bad = true;
  char *copy = calloc(1, r->bad ? 1 : length + 1);
  if (copy == NULL) give_up("out of memory");
  if (!r->bad) {
    memcpy(copy, r->at, length);
    r->at += length;
    if (memchr(copy, 0, length) != NULL) r->bad = true;
  }
  return copy;
}

char **read_list(struct reader *r) {
  uint32_t count = read_u32(r);
  /* Each element has a length of four bytes. */
  if (count > (size_t)(r->end - r->at) / 4) {
    r->bad = true;
    count = 0;
  }
  char **list = calloc(count + 1, sizeof *list);
  if (list == NULL) give_up("out of memory");
  for (uint32_t i = 0; i < count; i++) list[i] = read_string(r);
  return list;
}

void free_list(char **list) {
  for (char **s = list; *s != NULL; s++) free(*s);
  free(list);
}
