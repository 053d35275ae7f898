#!/bin/sh
# Runs programs as careless users do. Each must refuse in words, before it works, or keep what it has.
#
#   programs.sh BIN WORK       BIN: the folder of the programs; WORK: a folder to work in
. "$(dirname "$0")/begin.sh"

i=0
while [ $i -lt 200 ]; do
  echo "And it came to pass in the year $((i * 7919 % 1000)) that word number $i was written." >>text.txt
  i=$((i + 1))
done
toy="--model toy --text text.txt --batch 2 --length 32"

# Where there is no device, programs say so and offer the CPU.
for program in read_book needles own_policy; do
  refuses 1 '--device cpu needs none' $program --device cuda
done
refuses 1 '--device cpu needs none' train $toy --device cuda
refuses 1 '--device cpu needs none' generate --prompt x --device cuda
refuses 1 '--device cpu needs none' evaluate --text text.txt --device cuda
refuses 1 '--device must be cpu or cuda, got tpu' train $toy --device tpu

# Numbers have a range.
refuses 2 '--limit: must be a whole number in 0..' read_book --limit -5
refuses 2 '--threads: must be a whole number in 1..1024, got 0' read_book --threads 0
refuses 2 '--plain-rate: must be a number in 0..100, got inf' read_book --plain-rate inf
refuses 2 '--samples: must be a whole number in 1..' needles --samples -5
refuses 2 'got 99999999999999999999' needles --windows 99999999999999999999
refuses 2 '--inner-rate: must be a number in 0..100, got nan' needles --inner-rate nan
refuses 2 '--depths: must be a number in 0..1, got 2' needles --depths 0.5 2
refuses 2 '--bytes: must be a whole number in 1..' keep --bytes 0
refuses 2 '--temperature: must be a number in 0..100, got -1' generate --prompt x --temperature -1
refuses 2 '--top-p: must be a number in 1e-06..1, got 0' generate --prompt x --top-p 0
refuses 2 '--tokens: must be a whole number in 1..' generate --prompt x --tokens 0
refuses 2 '--limit: must be a whole number in 0..' evaluate --limit -1
refuses 2 '--validate-every: must be a whole number in 0..' train --validate-every -1
for rate in nan inf 1e39; do
  refuses 2 "--rate: must be a number in 1e-12..100, got $rate" train --rate $rate
done
for program in meta_step evict decode threads; do
  refuses 2 '--rounds: must be a whole number in 1..' $program --rounds 0
done
refuses 1 '--time must be a multiple of 256, got 300' meta_step --time 300
refuses 1 '--time must be a multiple of 128, got 300' threads --time 300
refuses 2 '--limit: must be a whole number in 0..' prose_loss --limit -1
refuses 2 '--rates: must be a number in 1e-12..100, got nan' dynamic_evaluation --rates nan
refuses 2 '--far: must be a whole number in 1..' time_per_token --far 0

# Every program has a version.
for program in convert decode dynamic_evaluation evaluate evict generate keep meta_step needles prose_loss \
  read_book threads time_per_token train; do
  "$bin/$program" --version | grep -q "^$program of ttt [0-9.]*$"
done

# What cannot be written is found before the work, or said at its end.
refuses 1 '--json: /no/such/x: no file can be made there' needles --json /no/such/x
refuses 1 '--memory: /no/such/x: no file can be made there' read_book --memory /no/such/x
refuses 1 '--out: /no/such/x: no file can be made there' keep --out /no/such/x
refuses 1 '--out: /no/such/x: no file can be made there' train $toy --out /no/such/x
refuses 1 '--log: .: must be a file, and is a folder' train $toy --log .
refuses 1 '--chart: /no/such/x: no file can be made there' evaluate --chart /no/such/x
if [ -c /dev/full ]; then
  status=0
  "$bin/keep" --file text.txt --bytes 600 --out page.html >/dev/full 2>err.txt || status=$?
  [ $status -eq 1 ]
  grep -q 'the standard output could not be written' err.txt
fi

# A folder is no text, and a missing model says how to name it.
mkdir folder
refuses 1 '--file: folder: must be a file, and is a folder' read_book --file folder
refuses 1 '--file: folder: must be a file, and is a folder' keep --file folder
refuses 1 '--models: folder: has no bookkeeper.safetensors' needles --models folder

refuses 1 '--file: folder: must be a file, and is a folder' generate --file folder
refuses 1 'path must hold a text, got none in folder' evaluate --text folder

# What is converted has a model, a family and files, and is whole; no file is written otherwise.
refuses 1 '--model must be of ttt_linear_125m, ' convert --file text.txt --out ours
refuses 1 '--from must be of ttt_lm_pytorch, ' convert --model mamba2_130m --from torch --out ours
refuses 1 '--out must name the model file, or --dry-run' convert --model mamba2_130m --file text.txt
refuses 1 '--file must name a file, got none' convert --model mamba2_130m --out ours
refuses 1 '--dtype must be float32 or bfloat16, got int8' convert --model mamba2_130m --dtype int8 --out ours
refuses 1 'text.txt: ' convert --model mamba2_130m --file text.txt --out ours
echo '{"weight_map": {"a": "../text.txt"}}' >index.json
refuses 1 'must be a name beside the index, got "../text.txt"' convert --model mamba2_130m --file index.json --dry-run
"$bin/train" $toy --steps 1 --out theirs 2>err.txt
refuses 1 'tensors missing "backbone.embeddings.weight", ' convert --model mamba2_130m --file theirs --out ours
refuses 1 'left over "model.h.blocks.0.feed_forward.w1.weight", ' convert --model mamba2_130m --file theirs --dry-run
refuses 1 'of another shape "model.wte.weight" [256, 16] as [128256, 768] same' \
  convert --model ttt_e2e_125m --file theirs --dry-run
grep -q '^model.wte.weight F32 \[256, 16\] same -> model.wte.weight \[128256, 768\]$' out.txt
[ ! -e ours ]
refuses 1 '--out: theirs is there; --overwrite replaces it' \
  convert --model mamba2_130m --file theirs --out theirs

# There is something to go on with, and one way to read it.
refuses 1 'the prompt must hold a byte, got none' generate
refuses 1 'the prompt must hold a byte, got none' generate --file - </dev/null
refuses 2 '--prompt excludes --file' generate --prompt x --file text.txt
refuses 2 '--book excludes --file' keep --book Rev --file text.txt
refuses 2 '--book excludes --file' own_policy --book Rev --file text.txt
refuses 2 '--samples excludes --quick' needles --quick --samples 100
refuses 1 '--policy needs --task, --bible or --claims' needles --policy oldest
refuses 2 '--task excludes --bible' needles --bible --task s_niah_3
refuses 1 '--stop must hold a byte, got none' generate --prompt x --stop ''
refuses 1 '--frozen and --dynamic cannot be combined' evaluate --text text.txt --frozen --dynamic
refuses 1 '--fast needs --dynamic' evaluate --text text.txt --fast feed_forward
refuses 1 'fast must be parts of the names of parameters, got feedforward' \
  evaluate --text text.txt --dynamic --fast feedforward
refuses 1 'model.wte.weight cannot be a fast weight' evaluate --text text.txt --dynamic --fast weight


# A recipe with a setting that there is not.
echo '{"stepps": 3}' >recipe.json
refuses 2 'recipe.json: no setting is called "stepps"' train --recipe recipe.json

# A memory is of one text.
"$bin/read_book" --file text.txt --limit 600 --memory memory --out read >out.txt 2>err.txt
grep -q 'about .* minutes and .*B of memory' err.txt
tr a-z b-za <text.txt >other.txt
refuses 1 '--memory: memory is of another text' read_book --file other.txt --limit 800 --memory memory
"$bin/read_book" --file text.txt --limit 800 --memory memory --out read >out.txt 2>err.txt
grep -q 'too few for an interval' out.txt

# A model is not overwritten unasked, and a run goes on with its own settings only.
"$bin/train" $toy --steps 3 --out model 2>err.txt
cp model before
refuses 1 '--resume goes on with its checkpoint, --overwrite replaces it' train $toy --steps 1 --out model
refuses 1 'Of model.checkpoint: steps 3; of this run: steps 5' train $toy --steps 5 --out model --resume
refuses 1 'is a checkpoint, not a model file' train $toy --start model.checkpoint --out new
refuses 1 'is a checkpoint, not a model file' evaluate --text text.txt --model-file model.checkpoint
refuses 1 'read: none: cannot open the file' generate --prompt x --model-file none
refuses 1 'text.txt: ' generate --prompt x --model-file text.txt
refuses 1 '--model: model must be of toy, got pieces' generate --prompt x --model-file model --model pieces
sed 's/vocab 256, width 16/vocab 256, width 18/' model >unknown
refuses 1 '--model-file: unknown must be of bookkeeper, ' generate --prompt x --model-file unknown
cmp model before
"$bin/train" $toy --steps 3 --seed 2 --out model --overwrite 2>err.txt
! cmp -s model before

# What a run is measured on changes nothing of what it makes, and evaluate measures the same.
refuses 1 '--validate must name held-out texts' train $toy --validate-every 2 --out new
"$bin/train" $toy --steps 5 --out alone 2>err.txt
"$bin/train" $toy --steps 5 --out watched --validate other.txt --validate-every 2 \
  --validate-length 1000 --log watched.jsonl --json watched.json 2>err.txt
cmp alone watched
cmp alone.checkpoint watched.checkpoint
grep -q 'train 5/5  loss .*  held out ' err.txt
[ "$(sed -n 's/^{"step": \([0-9]*\),.*"held_out": [0-9.]*,.*/\1/p' watched.jsonl | tr '\n' ' ')" = '1 3 4 ' ]
"$bin/evaluate" --model-file watched --text other.txt --limit 1000 --json loss.json >out.txt 2>err.txt
held_out=$(sed -n 's/^  "held_out": \([0-9.]*\),$/\1/p' watched.json)
[ -n "$held_out" ]
grep -q "\"nats_per_token\": $held_out," loss.json
grep -q "\"held_out\": $held_out," watched.jsonl

# The same seed draws the same text, and a stop ends it.
"$bin/generate" --model-file watched --prompt And --tokens 60 --seed 3 >one.txt 2>err.txt
"$bin/generate" --model-file watched --prompt And --tokens 60 --seed 3 >two.txt 2>err.txt
cmp one.txt two.txt
[ -s one.txt ]
printf And | "$bin/generate" --model-file watched --file - --tokens 60 --seed 3 >two.txt 2>err.txt
cmp one.txt two.txt
"$bin/generate" --prompt 'In the beginning' --tokens 100 --temperature 0 --stop , . --json stopped.json \
  >two.txt 2>err.txt
grep -q '"stopped": true' stopped.json
grep -q 'bookkeeper of .* learns by fast weights at rate 0.2' err.txt
[ -s two.txt ]
[ "$(grep -c '[,.]' two.txt)" -eq 0 ]

# SIGTERM saves, as SIGINT does, and the run goes on.
"$bin/train" $toy --steps 1000000 --out long --log long.jsonl 2>err.txt &
child=$!
n=0
until [ -s long.jsonl ] || [ $n -gt 300 ]; do
  sleep 0.1
  n=$((n + 1))
done
kill -TERM $child
wait $child
grep -q 'train: stopped after step' err.txt
[ -f long.checkpoint ]
echo 'every careless use was refused in words, or kept what it had'
