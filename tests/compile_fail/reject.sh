#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: reject.sh FILE COMPILER [FLAG...]
# Succeeds when the compiler rejects FILE and says TEXT, where the first line is `// expect: TEXT`;
# or accepts FILE, where the first line begins with `// control`.
set -u
file=$1
shift
first=$(head -n 1 "$file")
said=$("$@" -S -o /dev/null "$file" 2>&1)
status=$?
case $first in
  "// control"*)
    [ $status -eq 0 ] && exit 0
    echo "the control was rejected:" ;;
  "// expect: "*)
    text=${first#// expect: }
    [ $status -ne 0 ] && printf '%s\n' "$said" | grep -qF -- "$text" && exit 0
    [ $status -eq 0 ] && echo "accepted, but should be rejected with: $text"
    [ $status -ne 0 ] && echo "rejected, but not with: $text" ;;
  *)
    echo "$file: the first line must be // expect: TEXT" ;;
esac
printf '%s\n' "$said"
exit 1
