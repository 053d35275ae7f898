#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the systems of this library and their PyTorch peers in turns, at one size, and compares.

Nothing else may run on the machine. One system after another, in every round ours and then the
peer, on as many threads; of the rounds the median. Written are OUT.json, OUT.md, whose last column
is ours over the peer's, and OUT.svg.

    cmake --preset release && cmake --build --preset release --target systems
    python3 -m venv build/peers && build/peers/bin/pip install -r bench/peers/requirements.txt
    bench/systems.py --python build/peers/bin/python --out build/systems \\
        --widths 256 --threads 2 --lengths 1024 4096 16384 65536 131072 --rounds 3
    bench/systems.py --python build/peers/bin/python --out build/attention --systems attention \\
        --widths 256 768 --threads 1 2 --lengths 1024 2048 4096 --rounds 5

Without torch in that Python ours run alone, and so do those that have no peer. Both programs say
what they measure: --help of build/release/bin/systems, and of `python3 bench/peers`.
"""
import argparse
import datetime
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys

import figure

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(command):
    """The JSON that a program prints."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"systems: {' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def version_of_torch(python):
    """What the peers run on; empty if they cannot."""
    try:
        done = subprocess.run([python, "-c", "import torch; print(torch.__version__)"],
                              capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"systems: --python {python}: {error.strerror}")
    return done.stdout.strip() if done.returncode == 0 else ""


def peers_of(python):
    """The systems that have a peer."""
    return run([python, ROOT / "bench/peers", "--list"])["systems"]


def flags(numbers):
    """{"mini_batch": 16} as --mini-batch 16."""
    return [word for name, value in numbers.items()
            for word in (f"--{name.replace('_', '-')}", value)]


class Side:
    """What one of the two programs measured of a system, round after round."""

    def __init__(self):
        self.values = {}  # (measure, length): the rounds' values
        self.rates = []   # of the matrix product

    def add(self, report):
        (system,) = report["systems"]
        for row in system["rows"]:
            self.values.setdefault((row["measure"], row["length"]), []).append(row["value"])
        self.rates.append(report["product_rate"])
        self.units = {row["measure"]: row["unit"] for row in system["rows"]}
        return system

    def median(self, measure, length):
        values = self.values.get((measure, length))
        return statistics.median(values) if values else None


def share_rows(ours, peer):
    """How much of the rate of its own matrix product each side's reading reaches."""
    rows = []
    for measure, length in ours.values:
        if measure != "prefill":
            continue
        operations = ours.median("prefill_products", length)
        share = {"ours": operations / statistics.median(ours.rates)}
        if peer:
            operations *= peer.median("prefill", length) / ours.median("prefill", length)
            share["peer"] = operations / statistics.median(peer.rates)
        rows.append({"measure": "share_of_product_rate", "length": length, "unit": ""} | share)
    return rows


def compare(name, options, width, threads, has_peer):
    """The rows of one system on both sides."""
    work = ["--lengths", *options.lengths, "--decode", options.decode, "--train", options.train,
            "--threads", threads]
    ours, peer = Side(), Side()
    for number in range(options.rounds):
        system = ours.add(run([options.build / "bin/systems", "--systems", name, *work,
                               "--width", width]))
        if has_peer:
            peer.add(run([options.python, ROOT / "bench/peers", "--systems", name, *work,
                          *flags(system["shape"])]))
        print(f"{name}, width {width}, {threads} threads: round {number + 1} of {options.rounds}",
              file=sys.stderr, flush=True)
    rows = []
    for (measure, length), values in ours.values.items():
        if measure == "prefill_products":
            continue
        row = {"measure": measure, "length": length, "unit": ours.units[measure],
               "ours": statistics.median(values), "ours_rounds": values}
        if has_peer:
            row |= {"peer": peer.median(measure, length),
                    "peer_rounds": peer.values[measure, length]}
        rows.append(row)
    rows += share_rows(ours, peer if has_peer else None)
    for row in rows:
        if has_peer:
            row["ratio"] = row["ours"] / row["peer"]
    part = {"system": name, "width": width, "threads": threads, "shape": system["shape"],
            "product_rate_ours": statistics.median(ours.rates), "rows": rows}
    return part | ({"product_rate_peer": statistics.median(peer.rates)} if has_peer else {})


def cell(value):
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(report):
    machine = report["machine"]
    lines = [f"# {machine['cpu']}, {machine['cores']} cores, {report['day']}", "",
             f"{machine['compiler']}; torch {report['torch'] or 'left out'}; commit "
             f"{report['commit']}; load before {report['load_before']:.2f}; median of "
             f"{report['rounds']} rounds. Of bytes, less is better; of all else, more.", "",
             "| system | width | threads | measure | tokens | unit | ours | peer | ours / peer |",
             "| --- |" + " --- |" * 8]
    for part in report["systems"]:
        for row in part["rows"]:
            words = [part["system"], part["width"], part["threads"], row["measure"], row["length"],
                     row["unit"]] + [cell(row.get(key)) for key in ("ours", "peer", "ratio")]
            lines.append("| " + " | ".join(str(word).replace("_", " ") for word in words) + " |")
    return "\n".join(lines) + "\n"


def drawing(report):
    """Of the first width and number of threads."""
    first = report["systems"][0]
    same = [part for part in report["systems"]
            if all(part[key] == first[key] for key in ("width", "threads"))]

    def series(measure):
        return [(part["system"], key == "peer",
                 [(row["length"], row[key]) for row in part["rows"]
                  if row["measure"] == measure and key in row])
                for part in same for key in ("ours", "peer")]

    titles = {"prefill": "Reading, tokens/s", "decode": "Generating, tokens/s",
              "forward": "Attention forward, tokens/s",
              "forward_and_backward": "Attention forward and backward, tokens/s"}
    note = f"width {first['width']}, {first['threads']} threads; dashed: PyTorch"
    panels = [(title, [one for one in series(measure) if one[2]])
              for measure, title in titles.items()]
    return figure.svg(panels, [part["system"] for part in same], note)


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def write(report, out):
    for ending, content in {"json": json.dumps(report, indent=2) + "\n", "md": markdown(report),
                            "svg": drawing(report)}.items():
        out.with_name(f"{out.name}.{ending}").write_text(content, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--build", type=pathlib.Path, default=ROOT / "build/release", help="has bin/systems")
    add("--python", default=sys.executable, help="the Python that has torch")
    add("--systems", nargs="+", metavar="NAME", help="all that the library has by default")
    add("--widths", nargs="+", type=int, default=[256], help="of the models: 256, 768")
    add("--threads", nargs="+", type=int, default=[1], help="inside a text")
    add("--lengths", nargs="+", type=int, default=[1024, 2048], help="tokens of the texts")
    add("--decode", type=int, default=64, help="tokens generated behind each; 0 for none")
    add("--train", type=int, default=1024, help="tokens of a gradient; 0 for none")
    add("--rounds", type=int, default=3, help="of which the median")
    add("--out", type=pathlib.Path, required=True, help="the files, without their endings")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    program = options.build / "bin/systems"
    if not program.exists():
        sys.exit(f"systems: {program} does not exist; build the target systems")
    try:
        options.out.with_name(options.out.name + ".json").touch()
    except OSError as error:
        sys.exit(f"systems: --out {options.out}: {error.strerror}")
    load = os.getloadavg()[0]
    torch = version_of_torch(options.python)
    if not torch:
        print(f"systems: {options.python} has no torch: the peers are left out", file=sys.stderr)
    known = run([program, "--list"])
    peers = peers_of(options.python) if torch else []
    report = {"program": "systems.py", "day": datetime.date.today().isoformat(),
              "commit": commit(), "machine": known["machine"], "torch": torch,
              "load_before": load, "rounds": options.rounds, "systems": []}
    for width, threads, name in itertools.product(options.widths, options.threads,
                                                  options.systems or known["systems"]):
        report["systems"].append(compare(name, options, width, threads, name in peers))
        write(report, options.out)  # a run that is stopped leaves what it measured
    print(markdown(report), end="")


if __name__ == "__main__":
    main()
