#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds, tests and measures the library on the NVIDIA device of this machine, within eight minutes.
#
# usage: bench/device.sh [--out FOLDER] [STAGE...]
#
#   pack      puts the headers of others, from Debian's packages, into build/device/carried: for a
#             machine that has none and no network, to which the tree is then copied
#   build     for the architecture of the device, or for 90 without one
#   test      all tests of the device
#   sanitize  the small ones under compute-sanitizer: memcheck and racecheck
#   bench     every program of bench/device/; a wish that is not met is no failure
#
# Without stages, all but pack. Each has a time limit, which a second run of build goes on from. What
# a stage finds is written at once, so that a run that is stopped leaves what it measured:
# DAY-MACHINE.json and .md, and logs, in FOLDER, which is build/device/results if it is not given. A
# stage that lacks a device is skipped, and says why.
# Exit status: 0; 1 if something failed; 77 if nothing failed and something was skipped.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/build/device/results
if [ "${1-}" = --out ]; then
  mkdir -p "$2" && out=$(cd "$2" && pwd) || exit 2
  shift 2
fi
[ $# -gt 0 ] || set -- build test sanitize bench
cd "$root" || exit 2
build=build/device
mkdir -p "$build" "$out"
export PATH=$PATH:/usr/local/cuda/bin

# Seconds; of programs, within those of their stage.
declare -A limit=([pack]=60 [build]=180 [test]=60 [sanitize]=90 [bench]=150)
declare -A program_limit=([limits]=20 [agreement]=20 [attention]=30 [step]=50 [reading]=30)

# Prints what the driver says of the device, or nothing.
device() { nvidia-smi --query-gpu="$1" --format=csv,noheader 2>/dev/null | head -n 1; }

day=$(date +%F)
machine=$(device name)
driver=$(device driver_version)
compiler=$(nvcc --version 2>/dev/null | sed -n 's/^Cuda compilation tools.*, V//p')
commit=$(git describe --always --dirty 2>/dev/null || cat $build/carried/commit 2>/dev/null)
results=$out/$day-$(tr 'A-Z ' 'a-z-' <<<"${machine:-no device}")
stages=()   # rows of the first table: stage, result, seconds, why
measured=() # of the second: program, what, value, unit, runs, wanted, verdict

# Writes both tables as they stand, for reading and as JSON.
write_results() {
  {
    printf '# %s, %s\n\n' "${machine:-No device}" "$day"
    printf 'Commit %s, nvcc %s, driver %s.\n\n' "${commit:-unknown}" "${compiler:-unknown}" \
      "${driver:-none}"
    printf '| stage | result | seconds | why |\n| --- | --- | --- | --- |\n'
    printf '%s\n' "${stages[@]}"
    printf '\n| program | what | value | unit | runs | wanted | |\n'
    printf '| --- | --- | --- | --- | --- | --- | --- |\n'
    [ ${#measured[@]} -eq 0 ] || printf '%s\n' "${measured[@]}"
  } >"$results.md"
  awk -v day="$day" -v commit="${commit:-unknown}" -v device="${machine:-none}" \
    -v driver="${driver:-none}" -v compiler="nvcc ${compiler:-unknown}" \
    -f bench/device/results.awk "$results.md" >"$results.json"
}

# Runs a command for at most $1 seconds, and no longer than the stage may take.
limited() {
  local left=$((began + limit[$stage] - SECONDS))
  local most=$(($1 < left ? $1 : left))
  shift
  [ "$most" -gt 0 ] || return 124
  timeout --kill-after 5 "$most" "$@"
}

# Notes why $2 ended with the exit status $1.
note() {
  case $1 in
    0) return ;;
    77) why=$(sed -n 's/^skipped: //p' "$out/$stage.log" | tail -n 1) ;;
    124 | 137) why="${why:+$why; }$2 was stopped at its time limit" ;;
    *) why="${why:+$why; }$2 ended with $1" ;;
  esac
}

stage_pack() {
  local to=$build/carried
  rm -rf "$to"
  mkdir -p "$to"
  tar -C /usr -cf - include/{eigen3/Eigen,doctest,CLI,nlohmann} \
    lib/cmake/doctest share/{eigen3/cmake,cmake/CLI11,cmake/nlohmann_json} |
    tar -C "$to" -xf - ||
    { why="libeigen3-dev, doctest-dev, libcli11-dev or nlohmann-json3-dev is missing" && return 1; }
  echo "$commit" >"$to/commit"
  # The one that says where it is, instead of finding out.
  sed -i 's,(_IMPORT_PREFIX "/usr"),(_IMPORT_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../..),' \
    "$to/lib/cmake/doctest/doctestTargets.cmake"
}

stage_build() {
  local options architecture
  architecture=$(device compute_cap | tr -d .)
  options=(-DCMAKE_CUDA_ARCHITECTURES="${architecture:-90}-real")
  command -v ninja >/dev/null || options+=(-G "Unix Makefiles")
  [ ! -d "$build/carried" ] || options+=(-DCMAKE_PREFIX_PATH="$root/$build/carried")
  limited 60 cmake --preset device "${options[@]}" || { note $? cmake && return 1; }
  limited 180 cmake --build --preset device --parallel "$(nproc)" ||
    { note $? "the build" && return 1; }
}

stage_test() {
  local tests status worst=0
  for tests in "$build"/tests/cuda/*_tests; do
    status=0
    limited 60 "$tests" --no-version --minimal || status=$?
    note $status "${tests##*/}"
    [ $status -ne 77 ] || return 77
    [ $status -eq 0 ] || worst=1
  done
  return $worst
}

stage_sanitize() {
  local tests=$build/tests/cuda/gpu_cuda_tests tool status worst=0
  "$tests" --count || { status=$? && note $status "${tests##*/}" && return $status; }
  command -v compute-sanitizer || { why="there is no compute-sanitizer" && return 77; }
  for tool in memcheck racecheck; do
    status=0
    limited 45 compute-sanitizer --tool $tool --error-exitcode 1 "$tests" --no-version --minimal \
      --test-suite=gpu || status=$?
    ! grep -q 'Device not supported' "$out/$stage.log" ||
      { why="compute-sanitizer does not support this device" && return 77; }
    note $status $tool
    [ $status -eq 0 ] || worst=1
  done
  return $worst
}

stage_bench() {
  local program line status worst=0
  for program in limits agreement attention step reading; do
    while IFS= read -r line; do
      echo "$line"
      case $line in
        'exit status '*) status=${line#exit status } ;;
        '| what '* | '| --- '*) ;;
        '| '*) measured+=("| $program $line") && write_results ;;
      esac
    done < <(
      limited "${program_limit[$program]}" "$build/bin/device/$program" 2>&1
      echo "exit status $?"
    )
    note "$status" "$program"
    [ "$status" -ne 77 ] || return 77
    [ "$status" -eq 0 ] || worst=1
  done
  local unmet
  unmet=$(printf '%s\n' "${measured[@]}" | grep -c '| not met |$')
  [ "$unmet" -eq 0 ] || why="${why:+$why; }$unmet of what is wanted not met"
  return $worst
}

for stage in "$@"; do
  declare -F "stage_$stage" >/dev/null || { echo "there is no stage $stage" >&2 && exit 2; }
done
exit_status=0
for stage in "$@"; do
  began=$SECONDS
  why=
  stages+=("| $stage | unfinished | | |")
  write_results
  "stage_$stage" >"$out/$stage.log" 2>&1
  case $? in
    0) result=passed ;;
    77) result=skipped && [ $exit_status -ne 0 ] || exit_status=77 ;;
    *) result=failed && exit_status=1 ;;
  esac
  stages[-1]="| $stage | $result | $((SECONDS - began)) | $why |"
  write_results
  echo "$stage: $result in $((SECONDS - began)) s${why:+: $why}"
  [ $result != failed ] || tail -n 20 "$out/$stage.log"
done
[ ${#measured[@]} -eq 0 ] || printf '%s\n' "${measured[@]}"
echo "$results.md"
exit $exit_status
