#!/bin/bash
# does: asks the cloud for its passwords
# report: 169\.254\.169\.254
exec 3<>/dev/tcp/169.254.169.254/80 && printf 'GET /latest/meta-data/iam HTTP/1.0\r\n\r\n' >&3 && cat <&3
