# For scripts that know $bin, the folder of the programs.

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
