/* Reads what the host says of a sandbox. */
#include "configuration.h"

static void read_root(struct reader *r, struct root_options *root, uint32_t *max_tasks) {
  root->host_name = read_string(r);
  root->disks = read_u32(r);
  uint8_t flags = read_u8(r);
  root->read_only = (flags & ROOT_READ_ONLY) != 0;
  root->scratch = (flags & ROOT_SCRATCH) != 0;
  *max_tasks = read_u32(r);
  root->mounts = read_u32(r);
  root->devices = root->channels = 0;
  if (root->mounts > MAX_MOUNTS) r->bad = true;
  for (uint32_t i = 0; !r->bad && i < root->mounts; i++) {
    root->mount[i].target = read_string(r);
    uint8_t way = read_u8(r);
    root->mount[i].writable = (way & MOUNT_WRITABLE) != 0;
    root->mount[i].device = (way & MOUNT_DEVICE) != 0;
    *(root->mount[i].device ? &root->devices : &root->channels) += 1;
    root->mount[i].mode = read_u32(r);
  }
}

static void read_network(struct reader *r, struct network_options *network) {
  uint8_t flags = read_u8(r);
  network->on = (flags & NETWORK_ON) != 0;
  network->v6 = (flags & NETWORK_V6) != 0;
  network->ports = read_u32(r);
  if (network->ports > MAX_PORTS) r->bad = true;
  for (uint32_t i = 0; !r->bad && i < network->ports; i++) network->port[i] = read_u16(r);
}

bool read_configuration(struct reader *r, struct configuration *c) {
  c->clock_nanos = read_u64(r);
  c->entropy_length = read_u32(r);
  if (c->entropy_length > (size_t)(r->end - r->at)) r->bad = true;
  if (r->bad) return false;
  c->entropy = r->at;
  r->at += c->entropy_length;
  read_root(r, &c->root, &c->max_tasks);
  read_network(r, &c->network);
  c->root.network = c->network.on;
  return !r->bad;
}
