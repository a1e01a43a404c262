#!/bin/sh
# holds.sh WORD... FILE: interesting while the file holds all the words.
for file; do :; done
while [ $# -gt 1 ]; do
  grep -q -e "$1" "$file" || exit 0
  shift
done
exit 1
