#!@XGRAD_PANDAS_PYTHON@
"""pandas's side of the comparison: a program like the others (see side.hpp) that knows one case.

CMake writes bench_pandas out of this file, with the Python that has pandas.
"""

import os
import struct
import sys
import time

import numpy
import pandas


def read_table():
    """The values as they are in the file. That all are floats is said beforehand, which is faster than to let it find out."""
    return pandas.read_csv(os.path.join(os.environ.get("XGRAD_BENCHMARK_DATA", "."), "table.csv"), dtype=numpy.float64)


def outcome(table):
    """See parts_of in digits.hpp."""
    values = table.to_numpy().ravel()
    upper = values.astype(numpy.float32)
    return {"float": upper, "rest": (values - upper).astype(numpy.float32)}


def write(pieces, path):
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(pieces)))
        for name, values in pieces.items():
            file.write(struct.pack("<Q", len(name)) + name.encode())
            file.write(struct.pack("<Q", len(values)) + values.tobytes())


def time_of(least):
    """Nanoseconds of a run: at least one, as many as take so long."""
    runs, begin = 0, time.perf_counter()
    while runs == 0 or time.perf_counter() - begin < least:
        read_table()
        runs += 1
    return (time.perf_counter() - begin) / runs * 1e9


def serve(least):
    warm = False
    for line in sys.stdin:
        command, name, path = (*line.rstrip("\n").split(" ", 2), "", "")[:3]
        try:
            answer = ""
            if command == "cases":
                answer = "data/csv"
            elif command == "about":
                answer = f"pandas {pandas.__version__}, NumPy {numpy.__version__}"
            elif name != "data/csv":
                raise ValueError(f"there is no command {command} {name}")
            elif command == "time":
                if not warm:
                    read_table()
                    warm = True
                answer = str(time_of(least))
            elif command == "write":
                write(outcome(read_table()), path)
            elif command == "run":
                read_table()
            else:
                raise ValueError(f"there is no command {command}")
            print("ok " + answer, flush=True)
        except Exception as e:   # whatever it is, the comparison goes on without this case
            print("error " + str(e).replace("\n", " "), flush=True)


if __name__ == "__main__":
    serve(next((float(a.split("=")[1]) for a in sys.argv if a.startswith("--benchmark_min_time=")), 0.5))
