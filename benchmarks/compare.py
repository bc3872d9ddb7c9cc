"""Lets our side and the peers' take turns, case by case, and writes what came out as JSON.

usage: python3 compare.py --programs DIR --out FILE --include DIR [--isa NAME] [--quick] [--only NAME,NAME...] [--filter TEXT]
                          [--example FILE] [--readme FILE] [--digits DIR] [--long]

A side is a program DIR/bench_NAME (see side.hpp). For each case the peers' outcomes are first compared with ours; a
case on which they disagree is not timed. Then the sides run short rounds in turns, so that whatever the machine does
meanwhile it does to all of them. A ratio is the median over the rounds of their time by ours. families.py says which cases
there are.

--digits is the folder of MNIST's files, and --long measures what otherwise has to be named.

With --isa all are held to one instruction set (see instruction_sets.py). A peer that cannot be is left out, and named.
"""

import argparse
import json
import os
import random
import re
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import families
import instruction_sets

# How far apart two sides may be: the largest difference in an array by its largest element. Sums of a thousand
# floats in different orders differ by some 1e-6 of it, and three steps of training carry that on.
TOLERANCE = 2e-5

TITLES = {"xgrad": "xgrad", "torch": "LibTorch", "onnxruntime": "ONNX Runtime", "openblas": "OpenBLAS", "blis": "BLIS",
          "onednn": "oneDNN", "eigen": "Eigen", "libxsmm": "libxsmm", "pandas": "pandas"}
CORES = sorted(os.sched_getaffinity(0))
# Before each round on several cores: a library's threads may go on turning after its work is done, as OpenBLAS's do for some 20 ms.
PAUSE = 0.1
COMPILER = os.environ.get("CXX", "g++").split()


def settings_of(threads, blas_threads=None, **more):
    """The environment that gives a side its threads; nothing else that the caller's environment says about them."""
    blas_threads = blas_threads or threads
    return {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(blas_threads),
            "BLIS_NUM_THREADS": str(blas_threads), **more}


class Side:
    """A program that runs cases as it is asked, on some of the cores."""

    held = {}   # what holds every side to the instruction set
    data = {}   # where the files are that some cases read

    def __init__(self, program, cores, threads, settings, seconds, silent=False):
        foreign = ("OPENBLAS_", "OMP_", "GOMP_", "BLIS_", "MKL_", "DNNL_", "ONEDNN_", "KMP_", "ATEN_", "LIBXSMM_", "XGRAD_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        self.process = subprocess.Popen(
            [program, "--serve", "--threads", str(threads), f"--benchmark_min_time={seconds}"],
            env={**environment, **self.held, **self.data, **settings}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL if silent else None, preexec_fn=lambda: os.sched_setaffinity(0, cores))

    def ask(self, question):
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise RuntimeError("the program ended early") from None
        answer = self.process.stdout.readline().strip()
        if not answer.startswith("ok"):
            raise RuntimeError(answer.removeprefix("error ") or "the program ended early")
        return answer.removeprefix("ok").strip()

    def memory(self, which):
        """In bytes: VmRSS, what is resident, or VmHWM, the most that was at any time since `forget_peak`."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(rf"{which}:\s+(\d+)", status.read())[1]) * 1024

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:   # see proc(5)
            file.write("5")

    def bind(self, first, others):
        """Ties the first thread to one core and those that it has begun to others."""
        for thread in map(int, os.listdir(f"/proc/{self.process.pid}/task")):
            os.sched_setaffinity(thread, {first} if thread == self.process.pid else others)

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass   # it has ended already
        self.process.wait()


class Table:
    """The rows measured so far, and the sides that measure them."""

    def __init__(self, options):
        self.options = options
        self.rounds, self.seconds = (5, 0.01) if options.quick else (15, 0.03)
        self.patience = 3 if options.quick else 10   # seconds that a row may take beyond a few rounds
        self.families = families.chosen(options.only, options.long)
        self.wanted = {"xgrad"}.union(*(families.FAMILIES[name][1] for name in self.families))
        self.sides = {}
        self.settings = {}   # of a (side, number of cores), where the plain ones are not its best
        self.notes = {}
        self.rows = []
        self.second_thread, self.alignment, self.busy, self.cores, self.compiling, self.means = [], [], [], [], [], []
        self.isa = instruction_sets.SETS.get(options.isa)   # none: each side takes what it likes
        self.flags = instruction_sets.processor_flags()
        self.left_out = {}   # of a peer: why
        self.limits = {}
        self.peak = 0        # the most floating point operations in a nanosecond that one core was seen to do
        self.failures = []
        self.folder = tempfile.TemporaryDirectory(dir=options.programs)   # is removed at the end
        self.scratch = self.folder.name
        Side.data = {"XGRAD_BENCHMARK_DATA": self.scratch, "XGRAD_BENCHMARK_DIGITS": options.digits or ""}

    def program(self, name):
        return os.path.join(self.options.programs, "bench_" + name)

    def has(self, name):
        return name in self.wanted and name not in self.left_out and os.path.exists(self.program(name))

    def start(self, name, cores):
        threads, settings = self.settings.get((name, cores), (cores, settings_of(cores)))
        return Side(self.program(name), CORES[-cores:], threads, settings, self.seconds)

    def side(self, name, cores=1):
        if (name, cores) not in self.sides:
            self.sides[name, cores] = self.start(name, cores)
        return self.sides[name, cores]

    # ---- one instruction set for all -------------------------------------------------------------------

    def fits(self, name, side):
        """Whether a side says that it takes the instruction set's instructions and no others."""
        return not self.isa or bool(re.match(self.isa.words[name], side.ask("about")))

    def hold_all(self):
        """Leaves out who cannot be held to the instruction set, or does not say so. Those with several settings are
        asked once more in each, by `choose`."""
        if not self.isa:
            return
        Side.held = dict(self.isa.environment)
        values = self.blis_values()
        Side.held |= {"BLIS_ARCH_TYPE": value for word in reversed(self.isa.blis) if (value := values.get(word))}
        for name in TITLES:
            if not self.has(name):
                continue
            if name == "onnxruntime":
                if instruction_sets.widest(self.flags) != self.options.isa:
                    self.leave_out(name, "it takes the widest instructions of the processor and has no setting for others")
                continue
            side = self.start(name, 1)
            fits, word = self.fits(name, side), side.ask("about")
            side.end()
            if not fits and name == "xgrad":
                sys.exit(f"our own side is not built for {self.isa.title}: it says {word}")
            if not fits:
                self.leave_out(name, f'it cannot be held to {self.isa.title}: it says "{word}"')

    def words(self):
        """What the sides say of their instructions."""
        return {TITLES[name]: self.side(name).ask("about") for name in TITLES if self.has(name) and name != "onnxruntime"}

    def leave_out(self, name, why):
        self.left_out[name] = why
        print(f"left out: {TITLES[name]}, {why}", flush=True)

    def blis_values(self):
        """The values of BLIS_ARCH_TYPE by the names of the processors that they choose: the numbers differ from release
        to release, and an unknown name counts as 0."""
        values = {}
        if self.has("blis"):
            for value in [*map(str, range(24)), "skx", "haswell", "zen3", "penryn", "generic"]:
                side = Side(self.program("blis"), CORES[-1:], 1, {"BLIS_ARCH_TYPE": value}, self.seconds, silent=True)
                try:
                    values.setdefault(side.ask("about"), value)
                except RuntimeError:
                    pass   # the library was built without that one
                side.end()
        return values

    # ---- a side's best setting -------------------------------------------------------------------------

    def choose(self, name, cores, case, candidates):
        """Lets a side's settings take turns at a case and keeps the fastest of those whose outcome is ours."""
        if not self.has(name):
            return
        times = {}
        for title, (threads, settings) in candidates.items():
            self.sides[name, cores] = Side(self.program(name), CORES[-cores:], threads, settings, self.seconds)
            try:
                if not self.fits(name, self.sides[name, cores]):
                    raise RuntimeError("it took other instructions")
                self.difference(case, name, case, cores)
                times[title] = self.sides[name, cores], []
            except RuntimeError:
                self.sides[name, cores].end()   # this setting does not work on this machine
        for _ in range(self.rounds):
            for side, taken in times.values():
                time.sleep(PAUSE if cores > 1 else 0)
                taken.append(float(side.ask("time " + case)))
        medians = {title: statistics.median(taken) for title, (_, taken) in times.items()}
        for side, _ in times.values():
            side.end()
        self.sides.pop((name, cores))
        if not times:
            self.failures.append(f"{TITLES[name]} gives no correct result for {case} in any setting")
            return
        best = min(medians, key=medians.get)
        self.settings[name, cores] = candidates[best]
        self.notes.setdefault(f"{TITLES[name]}, {cores} core{'s' * (cores > 1)}", []).append(best)
        print(f"{TITLES[name]} on {cores} core(s): best with {best} (" +
              ", ".join(f"{title} {readable(t)}" for title, t in medians.items()) + ")", flush=True)

    def choose_all(self):
        # Libraries older than the processor take it for a lesser one: where they are free, all that it knows are tried.
        sets = [self.isa] if self.isa else [each for name, each in instruction_sets.SETS.items()
                                            if name != "sse4" and not instruction_sets.missing(name, self.flags)]

        def kernels(variable, values):
            chosen = {} if self.isa else {"its own choice of kernel": (1, settings_of(1))}
            return chosen | {f"{variable}={word}": (1, settings_of(1, **{variable: value})) for word, value in values.items()}

        product, large = "product/200x512x784/nn", "gelu/1000000"
        openblas = kernels("OPENBLAS_CORETYPE", {word: word for each in sets for word in each.openblas})
        self.choose("openblas", 1, product, openblas)
        values = self.blis_values()
        self.choose("blis", 1, product, kernels(
            "BLIS_ARCH_TYPE", {word: values[word] for each in sets for word in each.blis if word in values}))
        self.choose("torch", 1, "training/200", openblas)
        plain = self.settings.get(("torch", 1), (1, {}))[1]
        more = {name: value for name, value in plain.items() if name == "OPENBLAS_CORETYPE"}
        # glibc hands large blocks back to the system, and the next operation pays for fresh pages again.
        keeps = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), **more}
        candidates = {"MALLOC_ as it is": (1, plain), "MALLOC_MMAP_MAX_=0": (1, {**plain, **keeps})}
        wide = {"ATEN_CPU_CAPABILITY": "avx512"}   # by itself, 1.13 took AVX2 on a processor that has both
        if not self.isa and not instruction_sets.missing("avx512", self.flags):
            candidates["MALLOC_MMAP_MAX_=0, ATEN_CPU_CAPABILITY=avx512"] = (1, {**plain, **keeps, **wide})
        self.choose("torch", 1, large, candidates)
        more = {name: value for name, value in self.settings.get(("torch", 1), (1, {}))[1].items() if name in keeps | wide}
        if len(CORES) > 1:
            self.choose("torch", 2, "training/200", {
                "2 threads, OpenBLAS 2": (2, settings_of(2, 2, **more)),
                "2 threads, OpenBLAS 1": (2, settings_of(2, 1, **more)),
                "1 thread, OpenBLAS 2": (1, settings_of(1, 2, **more)),
                "2 threads that wait passively, OpenBLAS 2": (2, settings_of(2, 2, OMP_WAIT_POLICY="passive", **more))})

    # ---- one row ---------------------------------------------------------------------------------------

    def difference(self, case, peer, peer_case, cores, tolerance=TOLERANCE):
        path = os.path.join(self.scratch, "outcome")
        self.side(peer, cores).ask(f"write {peer_case} {path}")
        apart, _, piece = self.side("xgrad", cores).ask(f"compare {case} {path}").partition(" ")
        os.remove(path)
        if float(apart) > tolerance:
            raise RuntimeError(f"{piece} differs by {float(apart):.2g} of its largest element from {TITLES[peer]}'s")
        return float(apart)

    def cases(self, name="xgrad"):
        return self.side(name).ask("cases").split()

    def by_width(self, narrow, wide):
        """What is to be reached, where our vectors hold up to 8 floats, and where they hold 16."""
        return wide if "16 floats a vector" in self.side("xgrad").ask("about") else narrow

    def takes(self, case):
        return (self.options.filter or "") in case

    def measure(self, group, title, case, peers=(), cores=1, best=None, flop=None, bytes_moved=None, exact=True, or_percent=None,
                tolerance=TOLERANCE):
        """A row: our time for `case`, and theirs for each of `peers`: (side, its case, what it is called, the ratio to reach),
        of which the last two may be left out. `best`: the ratio to reach against the fastest of them. `or_percent`: the
        ratio need not be reached where so much of the limit is. `exact`: nobody can do with fewer operations than `flop`.
        `tolerance`: how far apart the outcomes may be."""
        if not self.takes(case) or cores > len(CORES):
            return
        row = {"group": group, "title": title, "case": case, "cores": cores, "peers": []}
        sides = [(self.side("xgrad", cores), case)]
        for name, peer_case, called, target in ((*peer, None, None)[:4] for peer in peers):
            if not self.knows(name, peer_case):
                continue
            try:
                peer = {"name": called or TITLES[name], "difference": self.difference(case, name, peer_case, cores, tolerance)}
                row["peers"].append({**peer, "target": target} if target else peer)
                sides.append((self.side(name, cores), peer_case))
            except RuntimeError as e:
                self.fail(f"{case}: {e}; not timed")
        limit = next((known for known in self.limits if (flop and "flop" in known) or (bytes_moved and "bytes" in known)), None)
        if limit:
            sides.append((self.side("xgrad", 1), limit))
        times = self.in_turns([lambda side=side, name=name: float(side.ask("time " + name)) for side, name in sides], PAUSE if cores > 1 else 0)
        row["ours"], row["rounds"] = spread(times[0]), len(times[0])
        if limit:
            speeds = [float(limit.split("/")[-1]) / t for t in times.pop()]
            speed = spread(speeds)["median"] * (cores if flop else 1)
            if flop:
                self.peak = max(self.peak, *speeds)
            row["speed"] = (flop or bytes_moved) / row["ours"]["median"]
            row["limit"] = {"kind": "flop" if flop else "bytes", "percent": 100 * row["speed"] / speed}
            if or_percent:
                row["or_percent"] = or_percent
        for peer, theirs in zip(row["peers"], times[1:]):
            peer["time"] = spread(theirs)
            peer["ratio"] = spread([b / a for a, b in zip(times[0], theirs)])
        if limit and flop and exact:
            self.drop_the_impossible(row, flop, self.peak * cores)
        if row["peers"]:
            first = min(row["peers"], key=lambda p: p["time"]["median"]) if best else row["peers"][0]
            first["compared"] = True
            if best:
                first["target"] = best
        self.rows.append(row)
        print(f"{title:58} {readable(row['ours']['median']):>9}  " + "  ".join(
            f"{p['name']} x {p['ratio']['median']:.2f}" for p in row["peers"]) +
            (f"  {row['limit']['percent']:.0f} % of the limit" if limit else ""), flush=True)

    def in_turns(self, measurements, pause=0):
        """The times of each, measured round by round, every second one in the other order; fewer rounds, but five, where they
        are long. `pause`, in seconds, before each."""
        times = [[] for _ in measurements]
        begin = time.monotonic()
        for number in range(self.rounds):
            if number >= 5 and time.monotonic() - begin > self.patience:
                break
            order = list(enumerate(measurements))
            for i, measured in order if number % 2 == 0 else reversed(order):
                time.sleep(pause)
                times[i].append(measured())
        return times

    def fail(self, what):
        self.failures.append(what)
        print(what, flush=True)

    def mean(self, title, peer, cases, target, least):
        """The geometric mean of a peer's ratios over these cases, of the best library's by default, is to be `target`, each at
        least `least`."""
        found = [(p["ratio"]["median"], row["title"]) for row in self.rows if row.get("case") in cases for p in row["peers"]
                 if (p["name"] == peer if peer else p.get("compared"))]
        if found and not self.options.filter:
            ratios = [ratio for ratio, _ in found]
            self.means.append({"title": title, "peer": peer or "the best library", "cases": cases, "mean": statistics.geometric_mean(ratios),
                               "least": min(ratios), "where": min(found)[1], "target": target, "target_least": least})

    def knows(self, name, case):
        """Whether a side is there and has the case; libxsmm has not all products."""
        return self.has(name) and case in self.cases(name)

    def drop_the_impossible(self, row, flop, peak):
        """Whoever is faster than the arithmetic of the instruction set allows is not held to it, whatever it says."""
        for peer in list(row["peers"]) if self.isa else []:
            reached = flop / peer["time"]["median"]
            if reached > 1.2 * peak:
                row["peers"].remove(peer)
                self.fail(f"{row['case']}: {peer['name']} does {reached:.0f} GFLOP/s, and {self.isa.title} no more than {peak:.0f}: "
                          "it is not held to it")

    def measure_limits(self):
        side = self.side("xgrad")
        for case in self.cases():
            if case.startswith("limit/"):
                amount = float(case.split("/")[-1])
                self.limits[case] = spread([amount / float(side.ask("time " + case)) for _ in range(self.rounds)])
                print(f"{case}: {self.limits[case]['median']:.1f} G/s", flush=True)

    def one_and_two(self):
        """Our side with one thread and with two, whose first is tied to the same core: one may be slowed from outside, the
        other not."""
        first, second = CORES[-1], CORES[0]
        sides = [Side(self.program("xgrad"), [first], 1, settings_of(1), self.seconds),
                 Side(self.program("xgrad"), CORES, 2, settings_of(2), self.seconds)]
        sides[1].ask("run training/200")   # which begins the second
        sides[1].bind(first, {second})
        return sides

    def measure_second_thread(self):
        """Our own time with one thread by that with two: a second thread must never cost anything."""
        known = [row["case"] for row in self.rows if row["cores"] == 1 and "case" in row]
        if len(CORES) < 2 or not known:
            return
        sides = self.one_and_two()
        for case in known:
            ratios = []
            begin = time.monotonic()
            while len(ratios) <= self.rounds // 2 and (len(ratios) < 3 or time.monotonic() - begin < self.patience / 4):
                alone, with_second = (float(side.ask("time " + case)) for side in sides)
                ratios.append(alone / with_second)
            self.second_thread.append({"case": case, "ratio": statistics.median(ratios)})
        for side in sides:
            side.end()

    def measure_cores(self, cases):
        """How many times faster two threads on two cores are than one."""
        cases = [case for case in cases if self.takes(case)]
        if len(CORES) < 2 or not cases:
            return
        sides = self.one_and_two()
        for case in cases:
            one, two = self.in_turns([lambda side=side: float(side.ask("time " + case)) for side in sides])
            row = {"case": case, "one": spread(one), "two": spread(two), "target": 1.7, "ratio": spread([a / b for a, b in zip(one, two)])}
            self.cores.append(row)
            print(f"{case}, two cores by one: x {row['ratio']['median']:.2f}", flush=True)
        for side in sides:
            side.end()

    # ---- files -----------------------------------------------------------------------------------------

    def write_files(self):
        write_digits(self.scratch)
        if self.takes("data/csv"):
            write_table(self.scratch)

    def measure_with_digits(self, group, title, case, *more):
        """A row that needs MNIST itself."""
        if not self.takes(case):
            return
        if not self.options.digits:
            self.fail(f"{case}: MNIST's files are not there")
            return
        try:
            self.measure(group, title, case, *more)
        except RuntimeError as e:   # with some seed
            self.fail(f"{case}: {e}")

    # ---- what slows us down ----------------------------------------------------------------------------

    def measure_alignment(self, libraries):
        """What it costs that arrays begin in the middle of a cache line, or rows do not follow one another: our time on
        aligned matrices by that on others, and the peers' on those others by ours. A process for each, whose arrays
        stay where they are; and a new one now and then, since which pages of memory it got matters too."""
        cases = self.cases()
        bases = [case for case in cases if any(other.startswith(case + "/") for other in cases)]
        for base in bases:
            variants = [case for case in cases if case.startswith(base + "/") and self.takes(case)]
            if not variants:
                continue
            keys = [("xgrad", case) for case in [base] + variants]
            for case in variants:
                for name in libraries:
                    if not self.knows(name, case):
                        continue
                    try:
                        self.difference(case, name, case, 1)
                        keys.append((name, case))
                    except RuntimeError as e:
                        self.fail(f"{case}: {e}; not timed")
            times = {key: [] for key in keys}
            for _ in range(self.rounds // 5):
                sides = [(key, self.start(key[0], 1)) for key in keys]
                for number in range(5):
                    for key, side in sides if number % 2 == 0 else reversed(sides):
                        times[key].append(float(side.ask("time " + key[1])))
                for _, side in sides:
                    side.end()
            for case in variants:
                ours = times["xgrad", case]
                by_ours = lambda other: spread([b / a for a, b in zip(ours, other)])
                row = {"case": case, "base": base, "ours": spread(ours), "aligned": by_ours(times["xgrad", base]), "target": 0.95,
                       "peers": {TITLES[name]: by_ours(times[name, case]) for name in libraries if (name, case) in times}}
                self.alignment.append(row)
                print(f"{case:58} {readable(row['ours']['median']):>9}  aligned x {row['aligned']['median']:.2f}  " + "  ".join(
                    f"{title} x {ratio['median']:.2f}" for title, ratio in row["peers"].items()), flush=True)

    def measure_busy(self):
        """An epoch with two threads by the same with one, while others want the cores. None is tied to one."""
        case, cores = "epoch/100", CORES[-2:]
        if len(cores) < 2 or not self.takes(case):
            return
        write_digits(self.scratch, 6000 if self.options.quick else 60000)
        sides = {n: Side(self.program("xgrad"), cores, n, settings_of(n), self.seconds) for n in (1, 2)}
        for title, taken, target in (("both cores idle", [], 0.6), ("one core busy", cores[:1], 1.05),
                                     ("both cores busy", cores, 1.1)):
            spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"],
                                         preexec_fn=lambda core=core: os.sched_setaffinity(0, [core])) for core in taken]
            try:
                times = {n: [] for n in sides}
                for number in range(2 if self.options.quick else 5):
                    for n in (1, 2) if number % 2 == 0 else (2, 1):
                        times[n].append(float(sides[n].ask("time " + case)))
            finally:
                for spinner in spinners:
                    spinner.kill()
                    spinner.wait()
            row = {"title": title, "one": spread(times[1]), "two": spread(times[2]), "target": target,
                   "ratio": spread([two / one for one, two in zip(times[1], times[2])])}
            self.busy.append(row)
            print(f"an epoch at batch 100, {title}: one thread {readable(row['one']['median'])}, two threads "
                  f"{readable(row['two']['median'])}, x {row['ratio']['median']:.2f}", flush=True)
        for side in sides.values():
            side.end()

    # ---- what is not a time ----------------------------------------------------------------------------

    def amounts(self, group, title, unit, ours, peer=None, theirs=None, target=None):
        row = {"group": group, "title": title, "unit": unit, "cores": 1, "ours": spread(ours), "peers": []}
        if theirs:
            row["peers"] = [{"name": peer, "time": spread(theirs), "compared": True,
                             "ratio": spread([spread(theirs)["median"] / a for a in ours])}]
            if target:
                row["peers"][0]["target"] = target
        self.rows.append(row)
        print(f"{title:58} {readable(row['ours']['median'], unit):>9}  " + "  ".join(
            f"{p['name']} x {p['ratio']['median']:.2f}" for p in row["peers"]), flush=True)

    def measure_beyond(self, group, title, case, held, most):
        """The memory that a case takes while it runs, beyond the program itself and the `held` bytes that it was given and
        gives back."""
        if not self.takes(case):
            return
        side = self.start("xgrad", 1)
        side.ask("cases")
        program = side.memory("VmRSS")
        side.ask("ready " + case)
        side.forget_peak()
        side.ask("run " + case)
        beyond = max(0, side.memory("VmHWM") - program - held)
        side.end()
        self.amounts(group, title, "bytes", [beyond])
        self.rows[-1]["at_most"] = most

    def measure_memory(self):
        def peak(name, requests):
            # glibc's malloc as it is: told to give nothing back, as for speed, it would hold more.
            side = Side(self.program(name), CORES[-1:], 1, settings_of(1), self.seconds)
            for request in ["cases"] + requests:
                side.ask(request)
            memory = side.memory("VmHWM")
            side.end()
            return [memory]

        write_digits(self.scratch)
        group, torch = "What it takes", self.has("torch")
        in_backward = "each parameter's step in the backward pass"
        for title, requests, theirs, target in (
                ("peak memory, 60000 digits, an epoch at batch 200", ["run digits"], None, 3),
                ("peak memory, one batch of 200, 20 steps", ["run training/200"] * 20, None, None),
                ("peak memory, batch 1, 20 steps", ["run training/1"] * 20, None, None),
                (f"... {in_backward}", ["run training_in_backward/1"] * 20, ["run training/1"] * 20, None),
                ("peak memory, ResNet-50, batch 8, 2 steps", ["run resnet50/training"] * 2, None, None),
                (f"... {in_backward}", ["run resnet50/training_in_backward"] * 2, ["run resnet50/training"] * 2, None),
                ("peak memory, a program that does nothing", [], None, None)):
            self.amounts(group, title, "bytes", peak("xgrad", requests), "LibTorch",
                         peak("torch", theirs or requests) if torch else None, target)

    def measure_builds(self):
        group, torch = "What it takes", self.has("torch")
        here = os.path.dirname(os.path.abspath(__file__))
        compiler = COMPILER + ["-o", os.path.join(self.scratch, "minimal")]
        headers = ["-std=c++20", "-I" + self.options.include]
        torch_headers = ["-std=c++17", "-I/usr/include/torch/csrc/api/include"]
        torch_libraries = ["-ltorch", "-ltorch_cpu", "-lc10"]

        def seconds(flags, include=None):
            start = time.monotonic()
            subprocess.run(compiler + flags, check=True, text=True, input=f"#include <{include}>\nint main() {{}}\n" if include else None)
            return (time.monotonic() - start) * 1e9

        def both(title, ours, theirs):
            # Once each, in turns: a compiler's time varies little, and these are long.
            times = [], []
            for _ in range(1 if self.options.quick else 2):
                times[0].append(seconds(*ours))
                if torch:
                    times[1].append(seconds(*theirs))
            self.amounts(group, title, "ns", times[0], "LibTorch", times[1])

        only = ["-O0", "-c", "-x", "c++", "-"]
        both("compiling its header, -O0", (headers + only, "xgrad/xgrad.hpp"), (torch_headers + only, "torch/torch.h"))
        optimised = ["-O2", "-march=" + (self.isa.march if self.isa else "native")]
        both("compiling and linking a minimal training program, -O2",
             (headers + optimised + ["-pthread", os.path.join(here, "minimal", "xgrad.cpp")],),
             (torch_headers + ["-O2", os.path.join(here, "minimal", "torch.cpp")] + torch_libraries,))
        if self.options.example and os.path.exists(self.options.example):
            stripped = os.path.join(self.scratch, "stripped")
            subprocess.run(["strip", "-o", stripped, self.options.example], check=True)
            libraries = with_libraries(os.path.join(self.scratch, "minimal")) if torch else None
            self.amounts(group, "size of the MNIST example / of LibTorch's libraries", "bytes",
                         [with_libraries(stripped)], "LibTorch", [libraries] if libraries else None)


    def measure_compiling(self):
        """Processor time, in turns with what it is compared with."""
        headers = ["-std=c++20", "-I" + self.options.include]
        check = headers + ["-fsyntax-only", "-x", "c++", "-"]
        xtensor = "".join(f"#include <{'xtensor/' + new if self.has_header('xtensor/' + new) else 'xtensor/' + new.split('/')[-1]}>\n"
                          for new in ("containers/xarray.hpp", "core/xmath.hpp", "views/xview.hpp", "io/xio.hpp"))

        def seconds(flags, text):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(COMPILER + flags, check=True, text=True, input=text)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9

        def row(title, flags, text, base, base_flags, base_text, most, rounds):
            times = [], []
            for _ in range(1 if self.options.quick else rounds):
                times[0].append(seconds(flags, text))
                times[1].append(seconds(base_flags, base_text))
            one = {"title": title, "ours": spread(times[0]), "base": base, "theirs": spread(times[1]), "at_most": most,
                   "ratio": spread([a / b for a, b in zip(*times)])}
            self.compiling.append(one)
            print(f"{title:58} {readable(one['ours']['median']):>9}  by {base} x {one['ratio']['median']:.2f}", flush=True)

        four = "xtensor's xarray, xmath, xview, xio"
        row("xgrad/xgrad.hpp, -fsyntax-only", check, "#include <xgrad/xgrad.hpp>\n", four, check, xtensor, families.UMBRELLA_AT_MOST, 7)
        for header in families.FAMILY_HEADERS:
            row(f"xgrad/{header}, -fsyntax-only", check, f"#include <xgrad/{header}>\n", four, check, xtensor, families.HEADER_AT_MOST, 2)
        if self.options.readme:
            with open(self.options.readme) as file:
                program = re.search(r"```cpp\n(.*?int main.*?)```", file.read(), re.DOTALL)[1]
            compile_it = headers + ["-O2", "-c", "-o", os.path.join(self.scratch, "program.o"), "-x", "c++", "-"]
            for title, flags, most in (("header-only", [], families.PROGRAM_AT_MOST),
                                       ("with xgrad::compiled", ["-DXGRAD_COMPILED"], families.COMPILED_PROGRAM_AT_MOST)):
                row(f"README's program, -O2, {title}", flags + compile_it, program, four, check, xtensor, most, 2)

    def has_header(self, name):
        return subprocess.run(COMPILER + ["-std=c++20", "-fsyntax-only", "-x", "c++", "-"], text=True, capture_output=True,
                              input=f"#if !__has_include(<{name}>)\n#error\n#endif\n").returncode == 0


def with_libraries(program):
    """The bytes of a program with the libraries that it needs, beside those that every C++ program does."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    everywhere = r"lib(c|m|stdc\+\+|gcc_s|gomp|pthread|dl|rt)\.so"
    libraries = {os.path.realpath(path) for path in re.findall(r"=> (/.+) \(0x", listed)
                 if not re.match(everywhere, os.path.basename(path))}
    return os.path.getsize(program) + sum(os.path.getsize(path) for path in libraries)


def write_digits(folder, count=60000):
    """Files as large as MNIST's, and as hard to compress: what is in them matters to neither memory nor time."""
    with open(os.path.join(folder, "train-images-idx3-ubyte"), "wb") as images:
        images.write(struct.pack(">IIII", 2051, count, 28, 28))
        images.write(os.urandom(count * 784))
    with open(os.path.join(folder, "train-labels-idx1-ubyte"), "wb") as labels:
        labels.write(struct.pack(">II", 2049, count))
        labels.write(bytes(i % 10 for i in range(count)))


def write_table(folder, rows=1000000, different=100000):
    """table.csv: ten columns of normal numbers with six decimals. So many rows, again and again, are none that a processor
    learns by heart."""
    draw = random.Random(1).gauss
    with open(os.path.join(folder, "table.csv"), "w") as file:
        file.write(",".join(f"x{i}" for i in range(10)) + "\n")
        text = "".join(",".join(f"{draw(0, 1):.6f}" for _ in range(10)) + "\n" for _ in range(different))
        for _ in range(rows // different):
            file.write(text)


def spread(values):
    ordered = sorted(values)
    low, middle, high = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
    return {"median": middle, "q1": low, "q3": high}


def readable(amount, unit="ns"):
    steps = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")) if unit == "bytes" else \
        ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns"))
    size, name = next(((s, n) for s, n in steps if amount >= s), steps[-1])
    return f"{amount / size:.3g} {name}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--include", required=True)
    parser.add_argument("--example")
    parser.add_argument("--isa", default="native", choices=["native", *instruction_sets.SETS])
    parser.add_argument("--only", help="families, with commas between them: " + ", ".join(families.FAMILIES))
    parser.add_argument("--filter")
    parser.add_argument("--readme")
    parser.add_argument("--digits", help="the folder of MNIST's files")
    parser.add_argument("--long", action="store_true", help="the families that have to be named as well: " + ", ".join(families.LONG))
    parser.add_argument("--quick", action="store_true")
    try:
        table = Table(parser.parse_args())
    except ValueError as e:
        sys.exit(f"compare.py: {e}")
    start = time.monotonic()

    table.hold_all()
    table.choose_all()
    table.measure_limits()
    for name in table.families:
        if name != "costs" or not table.options.filter:
            families.FAMILIES[name][0](table)

    with open(os.path.join(table.options.include, "xgrad", "core", "config.hpp")) as header:
        version = re.findall(r"#define XGRAD_VERSION_(?:MAJOR|MINOR|PATCH) +(\d+)", header.read())
    with open(table.options.out, "w") as out:
        json.dump({"version": ".".join(version), "processor": instruction_sets.processor(), "cores": len(CORES),
                   "isa": table.options.isa, "words": table.words(),
                   "left_out": {TITLES[name]: why for name, why in table.left_out.items()},
                   "quick": table.options.quick, "rounds": table.rounds, "limits": table.limits, "settings": table.notes,
                   "rows": table.rows, "second_thread": table.second_thread, "alignment": table.alignment, "busy": table.busy,
                   "cores_by_one": table.cores, "compiling": table.compiling, "means": table.means,
                   "failures": table.failures}, out, indent=1)
    print(f"measured in {time.monotonic() - start:.0f} s")
    return 1 if table.failures else 0


if __name__ == "__main__":
    sys.exit(main())
