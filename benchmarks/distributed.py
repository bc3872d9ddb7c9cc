"""Training on several ranks: what it costs here, and how it would grow.

    cmake --preset bench && cmake --build --preset bench --target bench_distributed
    python3 benchmarks/distributed.py build/bench/benchmarks/bench_distributed [--seconds 8] [--batch 200] [mpiexec ...]

Runs the program on 1, 2 and 4 ranks, checks the model of what is sent against what was, and prints the tables of
docs/distributed.md. 4 ranks on fewer cores tell of bytes and messages, not of time.
"""
import argparse
import os
import subprocess

# Of the networks of bench_distributed: tensors, and the part of the parameters in the first layer's bucket, which is ready last.
NETWORKS = {"mlp": (6, 401408 / 535818), "cnn": (8, 4800 / 206922)}
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


def sent(ranks, parameters, buckets, tensors):
    """Bytes and messages of one rank in a step: each bucket in two hops, a note, and which gradients there are."""
    others = ranks - 1
    notes = others * (32 + 8 * ((tensors + 63) // 64))
    return 2 * others / ranks * 4 * parameters + notes, 2 * others * buckets + 2 * others


def step_time(ranks, link, one, network):
    """Seconds of a step: the processor's work, or what the link has left to do when the last gradient is complete."""
    bits, delay = LINKS[link]
    tensors, last = NETWORKS[network]
    if ranks == 1:
        return one["compute"]
    size, messages = sent(ranks, one["parameters"], one["buckets"], tensors)
    work = one["compute"] + one["copy"] + messages * PER_MESSAGE
    on_link = 8 * size / bits
    return max(work + last * on_link, FORWARD * one["compute"] + on_link) + 4 * delay


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("launcher", nargs="*", default=["mpiexec"])
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=200)
    given = parser.parse_args()

    print("| network | ranks | step alone, ms | exchange alone, ms | both, ms | both by the longer | epoch by one rank's | bytes by a ring's |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    ones = {}
    for network, (tensors, _) in NETWORKS.items():
        of = {ranks: run(given.launcher, ranks, given.program, network, given.batch, given.seconds) for ranks in (1, 2, 4)}
        for ranks in (1, 2, 4):
            now = of[ranks]
            size, messages = sent(ranks, now["parameters"], now["buckets"], tensors)
            for what, wanted in (("bytes", size), ("messages", messages)):
                if abs(now[what] - wanted) > 0.15 * wanted:
                    raise SystemExit(f"{network}, {ranks} ranks: {now[what]} {what}, the model says {wanted}")
            if ranks == 4:
                continue
            ring = 2 * (ranks - 1) / ranks * 4 * now["parameters"]
            by_ring = f"{now['bytes'] / ring:.4f}" if ring else "-"
            faster = ranks * of[1]["compute"] / now["step"]
            print(f"| {network} | {ranks} | {now['compute']:.2f} | {now['send']:.2f} | {now['step']:.2f} | "
                  f"{now['step'] / max(now['compute'], now['send']):.2f} | {faster:.2f} | {by_ring} |")
        ones[network] = {"parameters": of[1]["parameters"], "buckets": of[1]["buckets"], "compute": 1e-3 * of[1]["compute"],
                         "copy": 1e-3 * of[2]["send"]}
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
