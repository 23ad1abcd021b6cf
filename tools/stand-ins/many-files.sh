#!/bin/bash
# does: makes files without end
# report: "path":"/root/d/1"
mkdir d; i=0
while [ $i -lt 3000 ]; do : >d/$i; i=$((i+1)); done
