#!/bin/bash
# does: has systemd run it
# report: "id":"persistence".*systemd
mkdir -p /etc/systemd/system ~/.config/autostart
printf '[Service]\nExecStart=/root/x\n' >/etc/systemd/system/x.service; echo x >~/.config/autostart/x.desktop
