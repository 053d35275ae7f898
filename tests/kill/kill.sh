#!/bin/sh
# Kills a training run again and again, at random moments, and lets it go on each time. It must lose
# no more than the steps since its last checkpoint, and end in the bits of a run that was never
# killed.
#
#   kill.sh TRAIN WORK [KILLS]
set -eu
train=$1
work=$2
kills=${3:-200}
every=20
steps=$((kills * 60))

rm -rf "$work"
mkdir -p "$work"
i=0
while [ $i -lt 400 ]; do
  echo "And it came to pass in the year $((i * 7919 % 1000)) that word number $i was written." \
    >>"$work/text.txt"
  i=$((i + 1))
done
run() {
  "$train" --model toy --text "$work/text.txt" --steps "$steps" --batch 2 --length 32 --threads 2 \
    --checkpoint-every $every --out "$work/$1.safetensors" --log "$work/$1.jsonl" "$2" \
    2>"$work/$1.err" || return 1
}

run whole --resume &
whole=$!
killed=0
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
echo "seed $seed"
while [ $killed -lt "$kills" ]; do
  rm -f "$work/killed.err"  # a child that dies before it opens its own must not leave the last one's
  "$train" --model toy --text "$work/text.txt" --steps "$steps" --batch 2 --length 32 --threads 2 \
    --checkpoint-every $every --out "$work/killed.safetensors" --log "$work/killed.jsonl" --resume \
    2>"$work/killed.err" &
  child=$!
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  sleep "0.$(printf '%03d' $((seed / 65536 % 200)))"
  kill -KILL $child 2>/dev/null || true
  wait $child 2>/dev/null || true
  done_before=${done_now:-0}
  from=$(sed -n 's/^train: goes on from step //p' "$work/killed.err" 2>/dev/null || true)
  if [ -n "$from" ] && [ $((done_before - from)) -gt $every ]; then
    echo "lost $((done_before - from)) steps, more than $every" >&2
    exit 1
  fi
  done_now=0
  [ ! -f "$work/killed.jsonl" ] || done_now=$(wc -l <"$work/killed.jsonl")
  killed=$((killed + 1))
  if [ -f "$work/killed.safetensors" ]; then
    echo "the run ended after $killed kills; it must be longer" >&2
    exit 1
  fi
done
echo "killed $killed times, at step $done_now of $steps"
run killed --resume
wait $whole
cmp "$work/whole.safetensors" "$work/killed.safetensors"
echo "the same bits"
