#!/bin/sh
# Kills one rank of four, each in its turn. All must have ended within 30 s, with a message; if the
# first still lives, nothing but the step in progress is lost. The run goes on to the bits of a run
# that lost nobody.
#
#   lost.sh TRAIN WORK MPIRUN...       MPIRUN: the launcher, up to the number of ranks
set -eu
. "$(dirname "$0")/begin.sh"
steps=240
every=40
run="$train --model toy --text text.txt --length 32 --steps $steps --batch 4 --threads 1 \
  --checkpoint-every $every --resume"
touch ranks.jsonl
lines() { wc -l <ranks.jsonl; }

$run --out whole 2>err.txt
lost=0
for victim in 1 2 3 0; do
  before=$(lines)
  "$@" 4 $run --out ranks --log ranks.jsonl 2>err.txt &
  launcher=$!
  trap 'kill -KILL $launcher 2>/dev/null || true' EXIT
  n=0
  until [ "$(lines)" -gt $((before + every + 10)) ] || [ $n -gt 600 ]; do
    sleep 0.05
    n=$((n + 1))
  done
  for child in $(cat /proc/$launcher/task/$launcher/children); do
    ! grep -zqx "OMPI_COMM_WORLD_RANK=$victim" /proc/$child/environ || kill -KILL $child
  done
  killed=$(date +%s%N)
  status=0
  wait $launcher || status=$?
  took=$((($(date +%s%N) - killed) / 1000000))
  echo "rank $victim killed: all ended after $took ms"
  [ $status -ne 0 ]
  [ $took -lt 30000 ]
  grep -q 'a rank is lost; stopped after step [0-9]*; --resume goes on' err.txt

  logged=$(lines)
  saved=$($run --stop-after 1 --out ranks --log ranks.jsonl 2>&1 |
    sed -n 's/^train: goes on from step //p')
  if [ $victim -eq 0 ]; then
    [ "$saved" -ge $((logged / every * every)) ]
  else
    grep -q "rank 0 .*; stopped after step $saved; " err.txt
    [ "$saved" -eq "$logged" ]
  fi
  lost=$((lost + 1))
done
"$@" 4 $run --out ranks --log ranks.jsonl 2>err.txt
cmp whole ranks
[ "$(lines)" -eq $steps ]
echo "each of $lost ranks was lost, and no bit with it"
