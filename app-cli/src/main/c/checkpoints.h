/* Where the checkpoint of a sandbox's process is that runs begin with (engine-sentry's common/checkpoint.h), and how one comes to be. */
#ifndef VIVARIUM_CHECKPOINTS_H
#define VIVARIUM_CHECKPOINTS_H

/*
 * The path of the one for these surroundings, if it is there. If not, NULL, and it is made beside what runs now, for the next time: by a
 * process of its own, when nothing else is to be done. With VIVARIUM_CHECKPOINT=now it is made first, with "off" there is none.
 *
 * jar: what we run from; java, arguments, cache: what makes it, and the words it is given; wanted: whether it is to be made
 */
const char *checkpoint_for_now(const char *jar, const char *java, const char *arguments, const char *cache, int wanted);

#endif
