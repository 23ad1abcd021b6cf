/* Network devices, addresses and routes. */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>

/* A device whose packets are read and written, each after a struct virtio_net_hdr: its descriptor, or -1. */
int tun_open(const char *name);
/* With 0 the MTU stays what it is. */
bool link_up(const char *name, int mtu);
bool add_address(const char *name, int family, const void *address, int prefix);
/* Local: whatever goes there is for this machine itself. Without a gateway: on the link. */
bool add_route(const char *name, int family, const void *to, int prefix, bool local, const void *gateway);

#endif
