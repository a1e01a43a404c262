#!/bin/sh
# Interesting: the file is valid and still holds a router. The reducer takes exit status 1 for interesting.
hadal-opt "$1" 2>/dev/null | grep -q hadal.router && exit 1
exit 0
