#!/bin/sh
# Trains with several ranks. Any number of them must write the files of one process, bit for bit, and
# go on from one another's checkpoints.
#
#   train.sh TRAIN WORK MPIRUN...      MPIRUN: the launcher, up to the number of ranks
set -eu
. "$(dirname "$0")/begin.sh"

common="--model toy --text text.txt --length 32 --threads 1"
for settings in "--steps 12 --batch 3 --accumulate 2" "--steps 12 --batch 1 --objective plain" \
  "--steps 12 --batch 2 --validate text.txt --validate-every 5 --validate-length 200" \
  "--steps 12 --batch 4 --needles 1 --recall-length 512 --recall-weight 0.5"; do
  "$train" $common $settings --out alone --overwrite 2>err.txt
  for ranks in 1 2 4; do
    "$@" $ranks "$train" $common $settings --out ranks --log log.jsonl --json report.json \
      --overwrite 2>err.txt
    cmp alone ranks
    cmp alone.checkpoint ranks.checkpoint
    [ "$(wc -l <log.jsonl)" -eq 12 ]
    grep -q "\"ranks\": $ranks" report.json
    [ "$(grep -c 'train 12/12' err.txt)" -eq 1 ] # one of them shows the progress
  done
done

# Each part of a run may have other ranks.
rm -f ranks ranks.checkpoint log.jsonl
for ranks in 4 2 1 3; do
  "$@" $ranks "$train" $common $settings --stop-after 3 --out ranks --log log.jsonl --resume 2>err.txt
done
cmp alone ranks
[ "$(wc -l <log.jsonl)" -eq 12 ]

# Whichever is signalled, all stop after the same step.
rm -f ranks ranks.checkpoint log.jsonl
"$@" 2 "$train" $common --steps 1000000 --out ranks --log log.jsonl 2>err.txt &
launcher=$!
trap 'kill -KILL $launcher 2>/dev/null || true' EXIT
n=0
until [ -s log.jsonl ] || [ $n -gt 300 ]; do
  sleep 0.1
  n=$((n + 1))
done
kill -TERM "$(cut -d ' ' -f 2 </proc/$launcher/task/$launcher/children)"
wait $launcher
grep -q "train: stopped after step $(wc -l <log.jsonl); --resume goes on" err.txt
[ -f ranks.checkpoint ]

# What is refused is refused by every rank, and nothing hangs.
status=0
"$@" 4 "$train" $common --out ranks 2>err.txt || status=$?
[ $status -ne 0 ]
grep -q 'ranks.checkpoint is there already; --resume goes on' err.txt
echo 'any number of ranks trains what one process does'
