/* Packets of the internet, as far as the agent looks into them. */
#ifndef PACKET_H
#define PACKET_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_PACKET 65535
/* As it comes from a device and goes to one. */
struct frame {
  uint8_t header[10]; /* struct virtio_net_hdr */
  uint8_t ip[MAX_PACKET];
};

/* Addresses with IPv4 as ::ffff:a.b.c.d, ports in network order. */
struct ends {
  uint8_t from[16], to[16];
  uint16_t from_port, to_port;
};

struct packet {
  uint8_t *ip;
  size_t length, transport; /* of the packet, and where what IP carries begins */
  int protocol;
  struct ends ends;
};

/* False: nothing that can be understood, or only a part of a packet. */
bool packet_parse(struct packet *p, uint8_t *ip, size_t length);
bool is_first_of_tcp(const struct packet *p);
/* Lengths of what was written to out, header and all; 0: there is no such answer. */
size_t packet_refusal(struct frame *out, const struct packet *p, int error);
size_t packet_datagram(struct frame *out, const struct ends *ends, const uint8_t *data, size_t length);
/* Says how much of the packet is to lie in one piece of memory. */
void packet_pass(struct frame *frame, size_t length);

#endif
