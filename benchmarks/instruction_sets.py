"""The instruction sets that the comparison can be held to: what a processor needs for each, how a library is held to it,
and by which word of its own it is seen to be held. And what the processor is called.

usage: python3 instruction_sets.py NAME        says why this machine cannot, if it cannot
"""

import dataclasses
import os
import platform
import re
import subprocess
import sys


@dataclasses.dataclass(frozen=True)
class InstructionSet:
    title: str
    march: str
    needs: str           # flags of /proc/cpuinfo
    environment: dict    # holds the libraries that ask for it; of a library's new and old names both
    openblas: tuple      # its kernels of this set, for OPENBLAS_CORETYPE
    blis: tuple          # the same for BLIS_ARCH_TYPE, where most releases want a number: see compare.py
    words: dict          # what a side must answer to "about", as a regular expression


def environment(onednn, aten, libxsmm, mkl, openblas, xgrad="avx512"):
    return {"XGRAD_MAX_ISA": xgrad, "ONEDNN_MAX_CPU_ISA": onednn, "DNNL_MAX_CPU_ISA": onednn, "ATEN_CPU_CAPABILITY": aten,
            "LIBXSMM_TARGET": libxsmm, "MKL_ENABLE_INSTRUCTIONS": mkl, "OPENBLAS_CORETYPE": openblas}


V2 = "cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3"
# Without lzcnt ("abm"), which virtual machines hide now and then, and which no kernel needs.
V3 = V2 + " avx avx2 bmi1 bmi2 f16c fma movbe"
V4 = V3 + " avx512f avx512bw avx512cd avx512dq avx512vl"

# From the widest to the narrowest.
SETS = {
    "avx512": InstructionSet(
        "AVX-512", "x86-64-v4", V4, environment("AVX512_CORE", "avx512", "skx", "AVX512", "SkylakeX"),
        ("SkylakeX",), ("skx",),
        {"xgrad": r".*, avx512,", "torch": r"AVX512(, OpenBLAS SkylakeX)?$", "openblas": r"SkylakeX$", "blis": r"skx$",
         "onednn": r"AVX512_CORE$", "eigen": r".*\bAVX512\b", "libxsmm": r"skx$", "pandas": r"pandas"}),
    "avx2": InstructionSet(
        "AVX2", "x86-64-v3", V3, environment("AVX2", "avx2", "hsw", "AVX2", "Haswell"),
        ("Haswell", "Zen"), ("haswell", "zen3"),
        {"xgrad": r".*, avx2_fma,", "torch": r"AVX2(, OpenBLAS (Haswell|Zen))?$", "openblas": r"(Haswell|Zen)$",
         "blis": r"(haswell|zen\d?)$", "onednn": r"AVX2$", "eigen": r"FMA, (?!.*AVX512).*AVX", "libxsmm": r"hsw$", "pandas": r"pandas"}),
    "sse4": InstructionSet(
        "SSE 4.2", "x86-64-v2", V2, environment("SSE41", "default", "wsm", "SSE4_2", "Nehalem", "sse2"),
        ("Nehalem", "Core2", "Prescott"), ("penryn", "generic"),
        {"xgrad": r"(?!.*products by).*, sse4_2,", "torch": r"(Default|DEFAULT|NO AVX)(, OpenBLAS (Nehalem|Core2|Prescott))?$",
         "openblas": r"(Nehalem|Core2|Prescott)$", "blis": r"(penryn|generic)$", "onednn": r"SSE41$",
         "eigen": r"(?!.*AVX).*SSE4\.2", "libxsmm": r"wsm$", "pandas": r"pandas"}),
}


def processor_flags(cpuinfo="/proc/cpuinfo"):
    if not os.path.exists(cpuinfo):
        return set()
    with open(cpuinfo) as info:
        flags = re.search(r"^flags\s*:\s*(.*)$", info.read(), re.MULTILINE)
    return set(flags[1].split()) if flags else set()


def missing(name, flags):
    """What a processor with these flags lacks for a set."""
    return [flag for flag in SETS[name].needs.split() if flag not in flags]


def widest(flags):
    return next((name for name in SETS if not missing(name, flags)), None)


def processor():
    """The model's name, and its caches as the first core sees them."""
    with open("/proc/cpuinfo") as info:
        text = info.read()
    find = lambda key: (re.search(rf"^{key}\s*:\s*(.*)$", text, re.MULTILINE) or [None, ""])[1]
    name = find("model name") or platform.machine()
    if find("cpu family"):   # a virtual machine's processor is often called no more than its maker's name
        name += f" (family {find('cpu family')}, model {find('model')})"
    caches = []
    for level in ("LEVEL1_DCACHE", "LEVEL2_CACHE", "LEVEL3_CACHE"):
        told = subprocess.run(["getconf", level + "_SIZE"], capture_output=True, text=True, check=False).stdout.strip()
        if told.isdecimal() and int(told) > 0:
            kilobytes = int(told) // 1024
            caches.append(f"{kilobytes // 1024} MiB" if kilobytes % 1024 == 0 else f"{kilobytes} KiB")
    return {"name": name, "caches": caches}


def main():
    name = sys.argv[1]
    if name == "native":
        return
    absent = missing(name, processor_flags(*sys.argv[2:]))
    if absent:
        can = "native" + "".join(", " + each for each in SETS if not missing(each, processor_flags(*sys.argv[2:])))
        sys.exit(f"this processor has no {SETS[name].title}, it lacks {' '.join(absent)}; it can measure {can}")


if __name__ == "__main__":
    main()
