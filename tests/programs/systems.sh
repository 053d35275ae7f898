#!/bin/sh
# The same as programs.sh, for the programs that compile a model of every system.
#
#   systems.sh BIN WORK        BIN: the folder of the programs; WORK: a folder to work in
. "$(dirname "$0")/begin.sh"
mkdir folder

refuses 1 '--width must be 256 or 768, got 300' systems --width 300
refuses 1 '--systems must be of full_attention, ' systems --systems nothing
refuses 1 '--length must be a multiple of 256, got 300' compare --length 300
refuses 1 '--text-length must be above 256, got 256' compare --text-length 256
refuses 1 '--systems must be of full_attention, sliding_window, ' compare --systems sliding_windows
refuses 1 '--text and --held-out must both be given, or neither' compare --text text.txt
refuses 1 '--report: folder must have a folder of cells' compare --report folder
refuses 2 '--seeds excludes --report' compare --report folder --seeds 5
mkdir -p night/cells
echo kept >night/cells/mamba2.seed1.json
refuses 1 '--length must be a multiple of 256, got 300' compare --overwrite --length 300 --out night
[ -s night/cells/mamba2.seed1.json ]
for program in compare systems; do
  "$bin/$program" --version | grep -q "^$program of ttt [0-9.]*$"
done
