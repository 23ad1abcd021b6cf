#!/bin/bash
# does: has cron run it
# report: "id":"persistence".*cron
mkdir -p /etc/cron.d /var/spool/cron/crontabs
echo '* * * * * root /root/x' >/etc/cron.d/update; echo x >/var/spool/cron/crontabs/root
