# Sourced by the scripts beside it: reads TRAIN and WORK off their arguments, and goes to a fresh folder
# with a text to train on.
train=$1
work=$2
shift 2
rm -rf "$work"
mkdir -p "$work"
cd "$work"

i=0
while [ $i -lt 400 ]; do
  echo "And it came to pass in the year $((i * 7919 % 1000)) that word number $i was written." >>text.txt
  i=$((i + 1))
done
