/* The network outside. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_PORTS 64

struct network_options {
  bool on, v6;
  uint32_t ports;
  uint16_t port[MAX_PORTS]; /* of the guest, published */
};

/* Makes the device, and serves it on a thread of its own. */
void network_start(int port, const struct network_options *options);

#endif
