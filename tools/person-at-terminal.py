#!/usr/bin/env python3
"""Runs a command on a terminal of its own, says each answer when its text has been seen, and prints all that came.

person-at-terminal.py 'TEXT=ANSWER|TEXT=ANSWER' COMMAND...
"""
import os, pty, select, sys, time
script, command = sys.argv[1].split("|") if sys.argv[1] else [], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0: os.execvp(command[0], command)
seen, at, end, due = b"", 0, time.time() + 250, 0
while time.time() < end:
  if select.select([fd], [], [], 0.1)[0]:
    try: data = os.read(fd, 65536)
    except OSError: break
    if not data: break
    seen += data
  if script:
    text, answer = script[0].rsplit("=", 1)
    found = seen.find(text.encode(), at)
    if found >= 0 and due == 0: due = time.time() + 0.5
    if found >= 0 and time.time() >= due:
      at, due = found + len(text), 0
      script.pop(0)
      os.write(fd, answer.encode() + b"\n")
sys.stdout.buffer.write(seen)
if script: print("\nNEVER CAME:", script)
print("\nexit", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
