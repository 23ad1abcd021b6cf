"""Changes a folder at random, by turns from the host and from a sandbox it is mounted in, and compares what both see.

    mount-coherence.py guest FOLDER          in the sandbox: takes commands on standard input
    mount-coherence.py host FOLDER SEED STEPS COMMAND...   starts COMMAND, which leads to the above
"""

import json
import mmap
import os
import random
import stat
import subprocess
import sys
import time

NAMES = ["a", "b", "A", "file.txt", "Makefile", "makefile", "\u00e9", "e\u0301", ".hidden", "x" * 200]

# More than the second for which attributes of files are believed (docs/decisions/0022).
LATE = 1.1


def look(folder, listing):
    """What there is: by listing directories, or by asking for every name that there could be."""
    seen = {}

    def at(path, depth):
        try:
            s = os.lstat(path)
        except FileNotFoundError:
            return
        entry = [s.st_mode, s.st_ino, s.st_nlink, s.st_mtime_ns, s.st_ctime_ns]
        if not stat.S_ISDIR(s.st_mode):
            entry.append(s.st_size)
        if stat.S_ISLNK(s.st_mode):
            entry.append(os.readlink(path))
        elif stat.S_ISREG(s.st_mode):
            with open(path, "rb") as f:
                entry.append([f.read().hex(), os.fstat(f.fileno()).st_size])
        seen[path[len(folder):]] = entry
        if stat.S_ISDIR(s.st_mode):
            for name in sorted(os.listdir(path)) if listing else NAMES if depth < 3 else []:
                at(os.path.join(path, name), depth + 1)

    at(folder, 0)
    return seen


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        for name in os.listdir(path):
            remove(os.path.join(path, name))
        os.rmdir(path)
    else:
        os.unlink(path)


def mapped(path, data):
    with open(path, "r+b") as f:
        f.truncate(max(len(data), 1))
        with mmap.mmap(f.fileno(), 0) as m:
            m[: len(data)] = data


def write(path, mode, data):
    with open(path, mode) as f:
        f.write(data)


def change(folder, step):
    """Does one thing; returns the error, which must be the same whoever does it."""
    what, path, other, number = step
    path, other = os.path.join(folder, path), os.path.join(folder, other)
    data = (b"%d " % number) * (number % 50)
    try:
        if what == "write":
            write(path, "wb", data)
        elif what == "append":
            write(path, "ab", data)
        elif what == "map":
            mapped(path, data)
        elif what == "new":
            write(path + ".new", "wb", data)
            os.rename(path + ".new", path)
        elif what == "rename":
            os.rename(path, other)
        elif what == "link":
            os.link(path, other)
        elif what == "symlink":
            os.symlink("to-%d" % number, path)
        elif what == "mkdir":
            os.mkdir(path)
        elif what == "remove":
            remove(path)
        elif what == "chmod":
            os.chmod(path, 0o700 | number % 0o100, follow_symlinks=not os.path.islink(path))
        elif what == "times":
            os.utime(path, ns=(number * 10**9, number * 10**9 + 5), follow_symlinks=False)
        elif what == "truncate":
            os.truncate(path, number % 100)
        elif what == "many":
            for i in range(40):
                write(os.path.join(path, "n%d" % i), "wb", b"x" * i)
            for i in range(0, 40, 2):
                os.unlink(os.path.join(path, "n%d" % i))
        return ""
    except (OSError, NotImplementedError, ValueError) as e:
        return type(e).__name__


def guest(folder):
    for line in sys.stdin:
        command = json.loads(line)
        answer = change(folder, command[1]) if command[0] == "change" else look(folder, command[1])
        print(json.dumps(answer), flush=True)


def shown(text):
    """On one short line, and names that only look the same told apart."""
    return ascii(text).replace(NAMES[-1], "x..x")


def any_path(rng):
    depth = rng.choice([1, 1, 2, 2, 3])
    return "/".join(rng.choice(NAMES) for _ in range(depth))


def host(folder, seed, steps, command):
    rng = random.Random(seed)
    kinds = ["write"] * 4 + ["append", "append", "map", "new", "rename", "rename", "link", "symlink"]
    kinds += ["mkdir"] * 4 + ["remove", "chmod", "times", "truncate", "many"]
    sandbox = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(*what):
        sandbox.stdin.write(json.dumps(what) + "\n")
        sandbox.stdin.flush()
        return json.loads(sandbox.stdout.readline())

    def compared(listing):
        theirs, ours = ask("look", listing), json.loads(json.dumps(look(folder, listing)))
        return theirs, ours, [n for n in sorted(set(theirs) | set(ours)) if theirs.get(n) != ours.get(n)]

    history = []
    for number in range(steps):
        for _ in range(rng.choice([1, 1, 1, 2, 5])):
            step = [rng.choice(kinds), any_path(rng), any_path(rng), rng.randrange(1, 10**6)]
            by_guest = rng.random() < 0.5
            history.append(("guest " if by_guest else "host ") + " ".join(map(str, step)))
            history[-1] += " -> " + (ask("change", step) if by_guest else change(folder, step))
        listing = rng.random() < 0.5
        theirs, ours, wrong = compared(listing)
        # What the host does with a second name is told to the directory of that name alone: it may come late.
        if wrong and all(n in ours and not stat.S_ISDIR(ours[n][0]) and ours[n][2] > 1 for n in wrong):
            time.sleep(LATE)
            theirs, ours, wrong = compared(listing)
        if wrong:
            print("after", number + 1, "steps, by", "listing" if listing else "name")
            for n in wrong[:5]:
                print(" ", shown(n), "guest", shown(theirs.get(n)), "host", shown(ours.get(n)))
            print(*map(shown, history[-16:]), sep="\n  ")
            sys.exit(1)
    sandbox.stdin.close()
    sys.exit(sandbox.wait())


if __name__ == "__main__":
    if sys.argv[1] == "guest":
        guest(sys.argv[2])
    else:
        host(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
