#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures CPU seconds (user and system) and peak memory of compiling.

The files are the programs of docs/snippets that a user would begin with, at -O2 and without a build
system; the model with a cache of examples/train; and each test. The commands of the last two are
those of a configured build, so that the flags are the real ones; nothing is built first, nothing is
kept, and ccache has no part in it. One file is compiled at a time.

    cmake --preset dev && bench/compile.py --only 'learn|snippets' --json compile.json
    bench/compile.py --beside ../before     # a second tree with a configured build, in turns
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

SNIPPETS = ["docs/snippets/first_program.cpp", "docs/snippets/train.cpp"]
SNIPPET_FLAGS = ["-std=c++20", "-O2"] + (
    ["-march=x86-64-v3"] if platform.machine() in ("x86_64", "AMD64") else [])
LAUNCHERS = {"ccache", "sccache", "distcc"}


def commands(tree, build):
    """The arguments that compile each file of the tree, by its path in it, without their output."""
    database = tree / build / "compile_commands.json"
    if not database.exists():
        sys.exit(f"compile: {database}: no such file; configure that tree with cmake --preset dev")
    found = {}
    for entry in json.loads(database.read_text()):
        path = pathlib.Path(entry["directory"], entry["file"])
        name = path.relative_to(tree).as_posix() if path.is_relative_to(tree) else ""
        if not name.endswith(".test.cpp") and name != "examples/train/bookkeeper.cpp":
            continue
        arguments = shlex.split(entry["command"])
        while pathlib.Path(arguments[0]).name in LAUNCHERS:
            arguments.pop(0)
        del arguments[arguments.index("-o"):arguments.index("-o") + 2]
        found[name] = (arguments, entry["directory"])
    if not found:
        sys.exit(f"compile: {database} has no test: that build must have TTT_BUILD_TESTS")
    any_arguments, directory = next(iter(found.values()))
    eigen = [flag for n, path in enumerate(any_arguments) if path == "-isystem"
             for flag in any_arguments[n:n + 2]]
    snippets = {name: ([any_arguments[0], *SNIPPET_FLAGS, f"-I{tree}/include", *eigen, "-c",
                        str(tree / name)], directory)
                for name in SNIPPETS if (tree / name).exists()}
    return snippets | dict(sorted(found.items()))


def measure(arguments, directory):
    """CPU seconds and peak bytes of the largest process, of one compilation."""
    with tempfile.TemporaryDirectory() as scratch:
        process = subprocess.Popen([*arguments, "-o", f"{scratch}/out.o"], cwd=directory,
                                   env=os.environ | {"CCACHE_DISABLE": "1"})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"compile: {shlex.join(arguments)} failed")
    return {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}


def text_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def row(name, ours, other):
    """A line of the table."""
    cells = [name]
    for one in (ours, other) if other else (ours,):
        cells += [f"{one['cpu_seconds']:.1f}", f"{one['peak_bytes'] / 2**20:.0f}"]
    if other:
        cells += [f"{ours[key] / other[key]:.2f}" for key in ("cpu_seconds", "peak_bytes")]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/dev", help="the configured build, in its tree")
    parser.add_argument("--beside", metavar="DIR", type=pathlib.Path,
                        help="a second source tree, configured in the same way")
    parser.add_argument("--only", metavar="PATTERN", default="",
                        help="a regular expression that a file's path must contain")
    parser.add_argument("--rounds", metavar="N", type=int, default=1,
                        help="compile each file N times and take the median")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write the numbers too")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.json:
        options.json.touch()  # a path that cannot be written is found now

    trees = {"": pathlib.Path(__file__).resolve().parent.parent}
    if options.beside:
        trees["beside"] = options.beside.resolve()
    known = {label: commands(tree, options.build) for label, tree in trees.items()}
    names = [name for name in known[""] if re.search(options.only, name)]
    if not names:
        sys.exit(f"compile: no file matches {options.only}")

    compiler = text_of(next(iter(known[""].values()))[0][0], "--version").splitlines()[0]
    cpu = next((line.split(": ", 1)[1] for line in open("/proc/cpuinfo", encoding="utf-8")
                if line.startswith("model name")), "unknown").strip()
    commit = {label: text_of("git", "-C", str(tree), "describe", "--always", "--dirty")
              for label, tree in trees.items()}
    print(f"{cpu}, {os.cpu_count()} cores; {compiler}; commit {commit['']}"
          + (f" beside {commit['beside']}" if options.beside else "") + "\n")
    print("| file | CPU s | MiB |" + (" CPU s beside | MiB beside | CPU ratio | MiB ratio |"
                                      if options.beside else ""))
    print("| --- |" + " --- |" * (6 if options.beside else 2))

    files = {}
    for name in names:
        rounds = {label: [] for label in trees if name in known[label]}
        for _ in range(options.rounds):
            for label, measured in rounds.items():
                measured.append(measure(*known[label][name]))
        taken = {label: {key: statistics.median(one[key] for one in measured)
                         for key in measured[0]} for label, measured in rounds.items()}
        files[name] = taken[""] | ({"beside": taken["beside"]} if "beside" in taken else {})
        if options.beside and "beside" not in taken:
            print(row(name, taken[""], None) + " | | | |", flush=True)
        else:
            print(row(name, taken[""], taken.get("beside")), flush=True)

    shared = [one for one in files.values() if not options.beside or "beside" in one]
    total = None
    if shared:
        both = [shared] + ([[one["beside"] for one in shared]] if options.beside else [])
        sums = [{"cpu_seconds": sum(one["cpu_seconds"] for one in part),
                 "peak_bytes": max(one["peak_bytes"] for one in part)} for part in both]
        total = sums[0] | ({"beside": sums[1]} if options.beside else {})
        print(row("sum of seconds, largest memory", *(sums + [None])[:2]))
    if options.json:
        report = {"program": "compile", "day": datetime.date.today().isoformat(),
                  "machine": {"cpu": cpu, "cores": os.cpu_count(), "compiler": compiler},
                  "commit": commit[""]}
        if options.beside:
            report["commit_beside"] = commit["beside"]
        report |= {"rounds": options.rounds, "files": files, "total": total}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
