package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.vfs.FdTable;
import dev.vivarium.sentry.vfs.FsContext;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * A process that is started from outside: the sandbox's first one, or one more in it.
 *
 * @param path of the program inside the sandbox
 * @param oomScoreAdjust as in /proc/PID/oom_score_adj
 * @param started told, on the kernel thread, 0 once the program is loaded, or the negative errno
 *     that kept it from starting
 */
public record ProcessSpec(
    String path,
    List<String> argv,
    List<String> envp,
    Credentials creds,
    FsContext fs,
    FdTable fds,
    Rlimits rlimits,
    int oomScoreAdjust,
    LongConsumer started) {}
