"""Writes the files of tests/data/numpy, as NumPy writes them, for tests/io/npz.cpp: python3 record_numpy.py"""
import io
import pathlib
import subprocess
import sys
import zipfile

import numpy as np

folder = pathlib.Path(__file__).parent / "numpy"
folder.mkdir(exist_ok=True)

numbers = np.arange(24)
arrays = {
    "x": numbers[:12].reshape(3, 4).astype("<f4") / 2,
    "fortran": np.asfortranarray(numbers.reshape(2, 3, 4).astype("<f8")),
    "big": numbers[:6].reshape(2, 3).astype(">i4") * 100000,
    "both": np.asfortranarray(numbers[:6].reshape(2, 3).astype(">f8")),
    "half": np.array([1, -2, 65504, 2.0 ** -24, np.inf, -0.0], dtype="<f2"),
    "flags": np.array([True, False, True]),
    "bytes": np.random.default_rng(1).integers(0, 16, 1500, dtype=np.uint8) ** 2,
    "steps": np.repeat(np.arange(40, dtype="<i2"), 100),
    "scalar": np.float64(2.5),
    "none": np.zeros((0, 3), "<i8"),
}
for name in ("fortran", "both", "big"):
    np.save(folder / f"{name}.npy", arrays[name])
np.savez(folder / "plain.npz", **arrays)
np.savez_compressed(folder / "compressed.npz", **arrays)

# To a pipe, which cannot go back to fill in the sizes: they stand behind the bytes, and in the directory.
code = f"import sys, numpy as np\nnp.savez(sys.stdout.buffer, **np.load({str(folder / 'plain.npz')!r}))"
with open(folder / "piped.npz", "wb") as file:
    pipe = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    file.write(pipe.stdout.read())
    assert pipe.wait() == 0

others = {"complex": np.ones(2, "<c8"), "text": np.array(["a", "b"]), "records": np.zeros(1, [("a", "<f4"), ("b", "<i4")]),
          "objects": np.array([None, 1], dtype=object), "long_double": np.ones(2, np.longdouble), "good": np.ones(2, "<f4")}
np.savez(folder / "others.npz", **others)
with zipfile.ZipFile(folder / "lzma.npz", "w", compression=zipfile.ZIP_LZMA) as archive:
    file = io.BytesIO()
    np.save(file, arrays["x"])
    archive.writestr("x.npy", file.getvalue())
