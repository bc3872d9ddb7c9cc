"""Training on several ranks: what it costs here, and how it would grow.

    cmake --preset bench && cmake --build --preset bench --target bench_distributed
    python3 benchmarks/distributed.py build/bench/benchmarks/bench_distributed [--seconds 8] [--batch 200] [mpiexec ...]
    python3 benchmarks/distributed.py --constants 3.6 0.7 28 0.4    # the model alone, of times measured before, in ms

Runs the program on 1, 2 and 4 ranks, checks the model of what is sent against what was, and prints the tables of
docs/distributed.md. 4 ranks on fewer cores tell of bytes and messages, not of time.
"""
import argparse
import os
import subprocess

# Of the networks of bench_distributed; `last` is the part of the parameters in the first layer's bucket, which is ready last.
NETWORKS = {"mlp": {"tensors": 6, "parameters": 535818, "buckets": 4, "last": 401408 / 535818},
            "cnn": {"tensors": 8, "parameters": 206922, "buckets": 3, "last": 4800 / 206922}}
# A link: bits a second, and the seconds that a message takes from one program to another (assumed: TCP, TCP, InfiniBand).
LINKS = {"1 Gbit/s": (1e9, 50e-6), "10 Gbit/s": (1e10, 30e-6), "100 Gbit/s": (1e11, 2e-6)}
PER_MESSAGE = 1e-6   # seconds of the processor for each message, assumed
FORWARD = 1 / 3      # of a step, before the first gradient is complete: backward computes twice what forward does


def run(launcher, ranks, program, network, batch, seconds):
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    command = [*launcher, "-n", str(ranks), program, network, str(batch), str(seconds)]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=600).stdout
    return {name: float(value) for name, value in (line.split() for line in printed.splitlines())}


def sent(ranks, network):
    """Bytes and messages of one rank in a step: each bucket in two hops, a note, and which gradients there are."""
    of = NETWORKS[network]
    others = ranks - 1
    notes = others * (32 + 8 * ((of["tensors"] + 63) // 64))
    return 2 * others / ranks * 4 * of["parameters"] + notes, 2 * others * of["buckets"] + 2 * others


def step_time(ranks, link, one, network):
    """Seconds of a step: the processor's work, or what the link has left to do when the last gradient is complete."""
    bits, delay = LINKS[link]
    if ranks == 1:
        return one["compute"]
    size, messages = sent(ranks, network)
    work = one["compute"] + one["copy"] + messages * PER_MESSAGE
    on_link = 8 * size / bits
    return max(work + NETWORKS[network]["last"] * on_link, FORWARD * one["compute"] + on_link) + 4 * delay


def check(network, ranks, now):
    """What was counted is what the model says, within 15 %."""
    size, messages = sent(ranks, network)
    for what, wanted in (("bytes", size), ("messages", messages)):
        if abs(now[what] - wanted) > 0.15 * wanted:
            raise SystemExit(f"{network}, {ranks} ranks: {now[what]:.0f} {what}, the model says {wanted:.0f}")


def measure(given):
    """Prints what was measured; the constants of each network, in seconds."""
    print("| network | ranks | step alone, ms | exchange alone, ms | both, ms | both by the longer | epoch by one rank's | bytes by a ring's | "
          "bytes, messages by the model's |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    ones = {}
    for network in NETWORKS:
        of = {ranks: run(given.launcher, ranks, given.program, network, given.batch, given.seconds) for ranks in (1, 2, 4)}
        for ranks, now in of.items():
            check(network, ranks, now)
            if ranks == 1:
                by_ring = by_model = "-"
            else:
                size, messages = sent(ranks, network)
                by_ring = f"{now['bytes'] / (2 * (ranks - 1) / ranks * 4 * now['parameters']):.4f}"
                by_model = f"{now['bytes'] / size:.4f}, {now['messages'] / messages:.4f}"
            times = ("-",) * 5
            if ranks != 4:   # more than there are cores
                times = (f"{now['compute']:.2f}", f"{now['send']:.2f}", f"{now['step']:.2f}", f"{now['step'] / max(now['compute'], now['send']):.2f}",
                         f"{ranks * of[1]['compute'] / now['step']:.2f}")
            print(f"| {network} | {ranks} | " + " | ".join((*times, by_ring, by_model)) + " |")
        ones[network] = {"compute": 1e-3 * of[1]["compute"], "copy": 1e-3 * of[2]["send"]}
    return ones


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?")
    parser.add_argument("launcher", nargs="*", default=["mpiexec"])
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--constants", type=float, nargs=2 * len(NETWORKS), metavar="MS",
                        help="compute and copy of each network, instead of a program that measures them")
    given = parser.parse_args()
    if given.constants:
        pairs = zip(given.constants[::2], given.constants[1::2])
        ones = {network: {"compute": 1e-3 * compute, "copy": 1e-3 * copy} for network, (compute, copy) in zip(NETWORKS, pairs)}
    elif given.program:
        ones = measure(given)
    else:
        parser.error("neither a program nor constants")
    print("\nSpeed by one rank's, as the model has it:\n")
    counts = (2, 4, 8, 16, 32, 64)
    print("| network | link | " + " | ".join(str(each) for each in counts) + " |")
    print("| --- | --- |" + " --- |" * len(counts))
    for network, one in ones.items():
        for link in LINKS:
            speeds = [ranks * one["compute"] / step_time(ranks, link, one, network) for ranks in counts]
            print(f"| {network} | {link} | " + " | ".join(f"{each:.1f}" for each in speeds) + " |")


if __name__ == "__main__":
    main()
