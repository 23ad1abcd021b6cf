/* Names in UTF-8 for a JVM, which reads names of files, words and variables as the locale says, once. */
#ifndef VIVARIUM_UTF8_H
#define VIVARIUM_UTF8_H

/*
 * Where the environment's locale knows ASCII alone (none is set, as in many services and containers, or it is "C") or is not installed (as
 * when ssh brings one along), it has the characters of C.UTF-8 from now on: else what is not ASCII would be lost, and such a path refused.
 */
void speak_utf8(void);

#endif
