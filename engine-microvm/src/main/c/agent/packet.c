/* Packets of the internet: who talks to whom, and the answers of a network that refuses. */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "packet.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define UDP_HEADER 8
#define TCP_HEADER 20
#define ICMP_HEADER 8
#define QUOTED 128
#define LINEAR 160

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const uint8_t address[16]) { return memcmp(address, mapped, sizeof mapped) == 0; }

static void put16(uint8_t *at, size_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xffff);
}

static uint32_t get32(const uint8_t *at) { return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]; }

bool packet_parse(struct packet *p, uint8_t *ip, size_t length) {
  size_t total;
  *p = (struct packet){.ip = ip};
  if (length >= IPV4_HEADER && ip[0] >> 4 == 4) {
    p->transport = (size_t)(ip[0] & 15) * 4;
    total = (size_t)ip[2] << 8 | ip[3];
    p->protocol = ip[9];
    /* More fragments, or not the first. */
    if (p->transport < IPV4_HEADER || (ip[6] & 0x3f) != 0 || ip[7] != 0) return false;
    memcpy(p->ends.from, mapped, 12);
    memcpy(p->ends.from + 12, ip + 12, 4);
    memcpy(p->ends.to, mapped, 12);
    memcpy(p->ends.to + 12, ip + 16, 4);
  } else if (length >= IPV6_HEADER && ip[0] >> 4 == 6) {
    p->transport = IPV6_HEADER;
    total = IPV6_HEADER + ((size_t)ip[4] << 8 | ip[5]);
    p->protocol = ip[6];
    memcpy(p->ends.from, ip + 8, 16);
    memcpy(p->ends.to, ip + 24, 16);
  } else {
    return false;
  }
  if (total > length || total < p->transport + 8) return false;
  p->length = total;
  if (p->protocol == IPPROTO_TCP && total < p->transport + TCP_HEADER) return false;
  if (p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP) {
    memcpy(&p->ends.from_port, ip + p->transport, 2);
    memcpy(&p->ends.to_port, ip + p->transport + 2, 2);
  }
  return true;
}

bool is_first_of_tcp(const struct packet *p) { return p->protocol == IPPROTO_TCP && (p->ip[p->transport + 13] & 0x17) == 0x02; }

void packet_pass(struct frame *frame, size_t length) {
  uint16_t linear = (uint16_t)(length < LINEAR ? length : LINEAR);
  memcpy(frame->header + 2, &linear, sizeof linear);
}

static uint32_t sum(const uint8_t *bytes, size_t length, uint32_t so_far) {
  for (size_t i = 0; i + 1 < length; i += 2) so_far += (uint32_t)bytes[i] << 8 | bytes[i + 1];
  if (length % 2 != 0) so_far += (uint32_t)bytes[length - 1] << 8;
  return so_far;
}

static uint32_t fold(uint32_t value) {
  while (value >> 16 != 0) value = (value & 0xffff) + (value >> 16);
  return value;
}

/* Writes an IP header; returns where what it carries begins. */
static size_t begin(struct frame *out, const struct ends *ends, int protocol, size_t carried) {
  uint8_t *ip = out->ip;
  memset(out->header, 0, sizeof out->header);
  if (is_v4(ends->from)) {
    memset(ip, 0, IPV4_HEADER);
    ip[0] = 0x45;
    put16(ip + 2, IPV4_HEADER + carried);
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = (uint8_t)protocol;
    memcpy(ip + 12, ends->from + 12, 4);
    memcpy(ip + 16, ends->to + 12, 4);
    put16(ip + 10, ~fold(sum(ip, IPV4_HEADER, 0)) & 0xffff);
    return IPV4_HEADER;
  }
  memset(ip, 0, IPV6_HEADER);
  ip[0] = 0x60;
  put16(ip + 4, carried);
  ip[6] = (uint8_t)protocol;
  ip[7] = 64;
  memcpy(ip + 8, ends->from, 16);
  memcpy(ip + 24, ends->to, 16);
  return IPV6_HEADER;
}

static uint32_t pseudo(const struct ends *ends, int protocol, size_t carried) {
  uint32_t so_far = sum(ends->from + (is_v4(ends->from) ? 12 : 0), is_v4(ends->from) ? 4 : 16, 0);
  so_far = sum(ends->to + (is_v4(ends->to) ? 12 : 0), is_v4(ends->to) ? 4 : 16, so_far);
  return so_far + (uint32_t)protocol + (uint32_t)(carried >> 16) + (uint32_t)(carried & 0xffff);
}

static struct ends back(const struct ends *ends) {
  struct ends turned = {.from_port = ends->to_port, .to_port = ends->from_port};
  memcpy(turned.from, ends->to, 16);
  memcpy(turned.to, ends->from, 16);
  return turned;
}

static size_t reset(struct frame *out, const struct packet *p) {
  struct ends ends = back(&p->ends);
  size_t at = begin(out, &ends, IPPROTO_TCP, TCP_HEADER);
  uint8_t *tcp = out->ip + at;
  memset(tcp, 0, TCP_HEADER);
  memcpy(tcp, &ends.from_port, 2);
  memcpy(tcp + 2, &ends.to_port, 2);
  put32(tcp + 8, get32(p->ip + p->transport + 4) + 1);
  tcp[12] = 5 << 4;
  tcp[13] = 0x14; /* RST, ACK */
  put16(tcp + 16, ~fold(sum(tcp, TCP_HEADER, pseudo(&ends, IPPROTO_TCP, TCP_HEADER))) & 0xffff);
  return sizeof out->header + at + TCP_HEADER;
}

size_t packet_refusal(struct frame *out, const struct packet *p, int error) {
  bool v4 = is_v4(p->ends.from), port = error == ECONNREFUSED;
  if (port && p->protocol == IPPROTO_TCP) return reset(out, p);
  /* By a policy: code 13 is what a packet filter says, 1 in version 6. */
  int code = error == EACCES || error == EPERM ? (v4 ? 13 : 1)
             : port                            ? (v4 ? 3 : 4)
             : error == ENETUNREACH            ? 0
             : error == EHOSTUNREACH           ? (v4 ? 1 : 3)
                                               : -1;
  if (code < 0) return 0;
  size_t quoted = p->length < QUOTED ? p->length : QUOTED, carried = ICMP_HEADER + quoted;
  struct ends ends = back(&p->ends);
  int protocol = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  size_t at = begin(out, &ends, protocol, carried);
  uint8_t *icmp = out->ip + at;
  memset(icmp, 0, ICMP_HEADER);
  icmp[0] = v4 ? 3 : 1;
  icmp[1] = (uint8_t)code;
  memcpy(icmp + ICMP_HEADER, p->ip, quoted);
  put16(icmp + 2, ~fold(sum(icmp, carried, v4 ? 0 : pseudo(&ends, protocol, carried))) & 0xffff);
  return sizeof out->header + at + carried;
}

size_t packet_datagram(struct frame *out, const struct ends *ends, const uint8_t *data, size_t length) {
  size_t carried = UDP_HEADER + length;
  if (carried + (is_v4(ends->from) ? IPV4_HEADER : 0) > MAX_PACKET) return 0;
  if (!is_v4(ends->from) && carried + IPV6_HEADER > MAX_PACKET) return 0;
  size_t at = begin(out, ends, IPPROTO_UDP, carried);
  uint8_t *udp = out->ip + at;
  memcpy(udp, &ends->from_port, 2);
  memcpy(udp + 2, &ends->to_port, 2);
  put16(udp + 4, carried);
  /* The checksum is the device's to complete, which means that nobody looks at it. */
  put16(udp + 6, fold(pseudo(ends, IPPROTO_UDP, carried)));
  memcpy(udp + UDP_HEADER, data, length);
  struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = (uint16_t)at, .csum_offset = 6};
  memcpy(out->header, &header, sizeof out->header);
  packet_pass(out, at + carried);
  return sizeof out->header + at + carried;
}
