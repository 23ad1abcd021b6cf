/* Single system calls of the guest, told of while somebody wants to see them. */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>

/* Begins, for the processes of a pid namespace, or ends (-1); 0 or an errno. */
int stream_calls(int pid_namespace);
/* Whether it has begun. */
bool stream_is_on(void);
/* Sends what has come, as much as there is room for. */
void stream_send(void);

#endif
