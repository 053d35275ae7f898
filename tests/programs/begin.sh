# Sourced by the scripts beside it: takes BIN, the folder of the programs, and WORK off their arguments, and
# goes to a fresh folder.
set -eu
bin=$(cd "$1" && pwd)
work=$2
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# refuses STATUS WORDS PROGRAM [ARGUMENTS]: it must exit with the status, and say the words.
refuses() {
  wanted=$1
  words=$2
  program=$3
  shift 3
  status=0
  "$bin/$program" "$@" >out.txt 2>err.txt || status=$?
  if [ $status -ne "$wanted" ] || ! grep -qF -e "$words" err.txt; then
    echo "$program $*: wanted status $wanted and \"$words\", got $status and:" >&2
    cat err.txt >&2
    exit 1
  fi
}
