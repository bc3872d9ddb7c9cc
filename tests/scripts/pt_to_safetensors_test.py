"""Tests of tools/pt_to_safetensors.py. Needs PyTorch and NumPy."""
import argparse
import collections
import contextlib
import io
import json
import os
import pathlib
import struct
import sys
import tempfile
import unittest

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))
sys.dont_write_bytecode = True
import pt_to_safetensors as tool

TYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64, "I64": torch.int64, "BOOL": torch.bool}


def contents(path):
    """Reads a file by what the format says, not by the tool."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    assert header.pop("__metadata__") == {"format": "pt"}
    tensors, at = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        assert begin == at
        at = end
        bytes_of = bytearray(data[8 + length + begin:8 + length + end])
        tensors[name] = torch.frombuffer(bytes_of, dtype=TYPES[entry["dtype"]]).reshape(entry["shape"]) if bytes_of else torch.zeros(entry["shape"])
    assert at == len(data) - 8 - length
    return tensors


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


class Test(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))

    def run_tool(self, *arguments):
        """What the tool says when it fails, or None. In this process, for PyTorch takes seconds to begin."""
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                return tool.main([str(each) for each in arguments])
            except SystemExit as error:
                return str(error)

    def convert(self, what, *arguments, name="some.pt", **options):
        torch.save(what, self.folder / name, **options)
        self.assertIsNone(self.run_tool(self.folder / name, *arguments))
        return contents((self.folder / name).with_suffix(".safetensors"))

    def fails(self, text, *arguments):
        before = set(self.folder.iterdir())
        said = self.run_tool(*arguments)
        self.assertIn(text, said)
        self.assertNotIn("\n", said)
        self.assertEqual(before, set(self.folder.iterdir()))

    def check_net(self, tensors):
        wanted = self.net.state_dict()
        self.assertEqual(sorted(tensors), sorted(wanted))
        for name, x in wanted.items():
            self.assertTrue(torch.equal(x, tensors[name]) and x.dtype == tensors[name].dtype, name)

    def test_state_dict_and_whole_module(self):
        self.check_net(self.convert(self.net.state_dict()))
        self.check_net(self.convert(self.net.state_dict(), name="old.pth", _use_new_zipfile_serialization=False))
        self.check_net(self.convert(self.net))
        self.assertEqual(sorted(path.suffix for path in self.folder.iterdir()), [".pt", ".pth", ".safetensors", ".safetensors"])

    def test_checkpoints(self):
        optimizer = torch.optim.Adam(self.net.parameters())
        self.net(torch.ones(2, 2)).sum().backward()
        optimizer.step()
        more = {"optimizer": optimizer.state_dict(), "epoch": 3, "loss": 0.5, "args": argparse.Namespace(lr=1)}
        self.check_net(self.convert({"model": self.net.state_dict(), **more}))
        self.check_net(self.convert({"state_dict": self.net.state_dict(), **more}))
        self.check_net(self.convert({"ours": self.net.state_dict(), **more}))
        self.check_net(self.convert(collections.defaultdict(list, model=self.net.state_dict(), **more)))
        self.check_net(self.convert({"ema": {"model": self.net.state_dict()}, "a": {"b": torch.ones(1)}}, "--key", "ema/model"))
        self.fails("has no nothing", self.folder / "some.pt", "--key", "nothing")
        torch.save({"model": self.net.state_dict(), "net": self.net.state_dict()}, self.folder / "some.pt")
        self.fails("has several state_dicts: choose one by --key, of model, net", self.folder / "some.pt")

    def test_tied_views_and_types(self):
        x = torch.arange(6.).reshape(2, 3)
        given = {"a": x, "b": x, "row": x[1], "t": x.t(), "half": x.half(), "brain": x.bfloat16(), "flag": x > 2, "none": torch.zeros(0, 3),
                 "number": torch.tensor(7), "wide": x.double(), "p": torch.nn.Parameter(x), "noted": x + 1}
        given["noted"].note = "a tensor with an attribute"
        tensors = self.convert(given)
        self.assertEqual(sorted(tensors), sorted(given))
        for name, value in given.items():
            self.assertTrue(torch.equal(value, tensors[name]), name)

    def test_errors(self):
        path = self.folder / "some.pt"
        self.fails("cannot be read: No such file", path)
        path.write_bytes(b"")
        self.fails("is empty", path)
        path.write_text("hello")
        self.fails("is no file that torch.save wrote, or is cut short", path)
        torch.save(self.net.state_dict(), path)
        path.write_bytes(path.read_bytes()[:-100])
        self.fails("is no file that torch.save wrote, or is cut short", path)
        torch.jit.save(torch.jit.script(self.net), path)
        self.fails("is TorchScript, a program", path)
        for what, text in (({"a": 1}, "holds no state_dict"), ([1], "of type list"), ({1: torch.ones(1)}, "whose name is no text"),
                           ({"__metadata__": torch.ones(1)}, "that safetensors reserves: '__metadata__'"),
                           ({"x": torch.ones(2).to_sparse()}, "quantized or without elements: x"),
                           ({"x": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8)}, "quantized or without elements: x"),
                           ({"x": torch.ones(2, dtype=torch.complex128)}, "x is torch.complex128")):
            torch.save(what, path)
            self.fails(text, path)
        torch.save(self.net.state_dict(), path)
        self.fails("cannot be written: No such file or directory", path, self.folder / "no" / "folder")
        whole = path.read_bytes()
        self.fails("is the file to be written, too, and would be lost", path, self.folder / "." / "some.pt")
        self.assertEqual(path.read_bytes(), whole)

    def test_nothing_in_the_file_is_run(self):
        self.check_net(self.convert({"model": self.net.state_dict(), "evil": Evil(str(self.folder / "was_here"))}))
        self.assertFalse((self.folder / "was_here").exists())


unittest.main()
