/* What the host says of a sandbox: the payload of CONFIGURE. */
#ifndef CONFIGURATION_H
#define CONFIGURATION_H

#include "agent.h"
#include "network.h"

struct configuration {
  uint64_t clock_nanos;
  const uint8_t *entropy; /* in the payload */
  size_t entropy_length;
  uint32_t max_tasks; /* 0: no limit */
  struct root_options root;
  struct network_options network;
};

/* False: it is malformed. */
bool read_configuration(struct reader *r, struct configuration *configuration);

#endif
