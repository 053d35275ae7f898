#!/bin/sh
# Kills a training run again and again, at random moments, and lets it go on each time. It must lose
# no more than the steps since its last checkpoint, and end in the bits of a run that was never
# killed. A run that ends before the last kill is compared and begun anew.
#
#   kill.sh TRAIN WORK [KILLS]
set -eu
train=$1
work=$2
kills=${3:-200}
every=20
steps=$((kills * 20))

rm -rf "$work"
mkdir -p "$work"
i=0
while [ $i -lt 400 ]; do
  echo "And it came to pass in the year $((i * 7919 % 1000)) that word number $i was written." \
    >>"$work/text.txt"
  i=$((i + 1))
done
# Takes the place of the shell, so that a signal to its process is a signal to the program.
run() {
  exec "$train" --model toy --text "$work/text.txt" --steps "$steps" --batch 2 --length 32 \
    --threads 2 --checkpoint-every $every --out "$work/$1.safetensors" --log "$work/$1.jsonl" \
    --resume 2>"$work/$1.err"
}

(run whole)
killed=0
ended=0
done_now=0
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
echo "seed $seed"
same_bits_and_anew() {
  cmp "$work/whole.safetensors" "$work/killed.safetensors"
  rm -f "$work"/killed.*
  ended=$((ended + 1))
  done_now=0
}
while [ $killed -lt "$kills" ]; do
  rm -f "$work/killed.err"  # a child that dies before it opens its own must not leave the last one's
  run killed &
  child=$!
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  sleep "0.$(printf '%03d' $((seed / 65536 % 200)))"
  ! kill -KILL $child 2>/dev/null || killed=$((killed + 1))
  wait $child 2>/dev/null || true
  from=$(sed -n 's/^train: goes on from step //p' "$work/killed.err" 2>/dev/null || true)
  if [ -n "$from" ] && [ $((done_now - from)) -gt $every ]; then
    echo "lost $((done_now - from)) steps, more than $every" >&2
    exit 1
  fi
  done_now=0
  [ ! -f "$work/killed.jsonl" ] || done_now=$(wc -l <"$work/killed.jsonl")
  [ ! -f "$work/killed.safetensors" ] || same_bits_and_anew
done
(run killed)
same_bits_and_anew
echo "killed $killed times in $ended runs, each with the bits of the run that was not"
