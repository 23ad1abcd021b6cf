/* Network devices, addresses and routes, of the network namespace that the calling thread is in. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"

int tun_open(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -1;
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  /* Checksums are for wires, and there is none. */
  if (ioctl(fd, TUNSETIFF, &request) == 0 && ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

bool link_up(const char *name, int mtu) {
  struct ifreq request = {.ifr_mtu = mtu};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  bool ok = fd >= 0 && (mtu == 0 || ioctl(fd, SIOCSIFMTU, &request) == 0) && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  ok = ok && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0) close(fd);
  return ok;
}

struct message {
  struct nlmsghdr header;
  union {
    struct ifaddrmsg address;
    struct rtmsg route;
  } body;
  char attributes[128];
};

static void attribute(struct message *m, unsigned short type, const void *data, size_t length) {
  struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->header.nlmsg_len));
  a->rta_type = type;
  a->rta_len = (unsigned short)RTA_LENGTH(length);
  memcpy(RTA_DATA(a), data, length);
  m->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->header.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

static bool request(struct message *m) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[512];
  } answer;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  bool ok = fd >= 0 && send(fd, m, m->header.nlmsg_len, 0) >= 0 && recv(fd, &answer, sizeof answer, 0) >= (ssize_t)sizeof answer.header &&
            answer.header.nlmsg_type == NLMSG_ERROR && answer.error.error == 0;
  if (fd >= 0) close(fd);
  return ok;
}

bool add_address(const char *name, int family, const void *address, int prefix) {
  struct message m = {.header = {NLMSG_LENGTH(sizeof m.body.address), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0}};
  size_t size = family == AF_INET ? 4 : 16;
  m.body.address = (struct ifaddrmsg){(uint8_t)family, (uint8_t)prefix, IFA_F_NODAD | IFA_F_PERMANENT, RT_SCOPE_UNIVERSE, if_nametoindex(name)};
  attribute(&m, IFA_LOCAL, address, size);
  attribute(&m, IFA_ADDRESS, address, size);
  return request(&m);
}

bool add_route(const char *name, int family, const void *to, int prefix, bool local, const void *gateway) {
  struct message m = {.header = {NLMSG_LENGTH(sizeof m.body.route), RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0}};
  size_t size = family == AF_INET ? 4 : 16;
  uint32_t device = if_nametoindex(name);
  m.body.route = (struct rtmsg){.rtm_family = (uint8_t)family,
                                .rtm_dst_len = (uint8_t)prefix,
                                .rtm_table = RT_TABLE_MAIN,
                                .rtm_protocol = RTPROT_BOOT,
                                .rtm_scope = local ? RT_SCOPE_HOST : gateway != NULL || family != AF_INET ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                                .rtm_type = local ? RTN_LOCAL : RTN_UNICAST};
  if (prefix > 0) attribute(&m, RTA_DST, to, size);
  attribute(&m, RTA_OIF, &device, sizeof device);
  if (gateway != NULL) attribute(&m, RTA_GATEWAY, gateway, size);
  return request(&m);
}
