#!/bin/sh
# refused.sh WORDS FILE: interesting while hadal-opt refuses the file with these words.
hadal-opt "$2" 2>&1 | grep -q -e "error: .*$1" && exit 1
exit 0
