#!/usr/bin/env python3
"""Writes the tensors of a PyTorch file (.pt, .pth) as safetensors. Needs PyTorch and NumPy, nothing else.

    python3 tools/pt_to_safetensors.py weights.pt                    # writes weights.safetensors
    python3 tools/pt_to_safetensors.py checkpoint.pth net.safetensors --key model

The file holds a state_dict, a dictionary with one in it (a checkpoint), or a whole module. No code in it is run. Names, shapes
and layout stay PyTorch's: io::load(net, path, {.layout = io::layout::pytorch}) reads the result. A tensor that has two names
is written under both.
"""
import argparse
import collections.abc
import inspect
import json
import os
import pickle
import struct
import sys
import tempfile
import types
import warnings

USUAL_KEYS = ("state_dict", "model_state_dict", "model", "net", "module", "weights")

# What a file of tensors needs by name, to be looked up while it is read. Nothing else of it is ever called: a .pt file is a
# pickle, which could run anything.
KNOWN = {
    "collections": ("OrderedDict", "defaultdict"),
    "builtins": ("set", "frozenset"),
    "__builtin__": ("set", "frozenset"),
    "torch": ("Size", "device"),
    "torch._utils": ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_parameter_with_state",
                     "_rebuild_sparse_tensor", "_rebuild_qtensor"),
    "torch.serialization": ("_get_layout",),
}


class Unusable(Exception):
    """One sentence that says what is wrong with the file."""


def dtype_names(torch):
    names = {"bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32",
             "uint64": "U64", "int64": "I64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
             "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "complex64": "C64"}
    return {getattr(torch, own): name for own, name in names.items() if hasattr(torch, own)}


class Unknown:
    """Stands for every object that is no tensor: what it would have done is not done, its state (`__dict__`) is kept."""

    dump_patches = False   # what PyTorch asks the class of a module for

    def __new__(cls, *given, **named):
        return super().__new__(cls)

    def __init__(self, *given, **named):
        pass

    def __setstate__(self, state):
        self.state = state

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass


def plain_tensor(rebuild, kind, arguments, state):
    """In the place of PyTorch's function for a tensor with attributes, or of a class of its own: the tensor in it."""
    return rebuild(*arguments)


def careful_pickle(torch):
    """What torch.load takes in the place of Python's pickle."""
    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            if (module, name) == ("torch._tensor", "_rebuild_from_type_v2"):
                return plain_tensor
            own = getattr(torch, name, None) if module in ("torch", "torch.storage") else None
            is_storage = name.endswith("Storage") and isinstance(own, type)
            if name in KNOWN.get(module, ()) or is_storage or isinstance(own, (torch.dtype, torch.qscheme)):
                return super().find_class(module, name)
            return Unknown

    careful = types.ModuleType("careful_pickle")
    careful.__dict__.update({name: value for name, value in vars(pickle).items() if not name.startswith("__")})
    careful.Unpickler = Unpickler
    careful.load = lambda file, **options: Unpickler(file, **options).load()
    return careful


def refuse_script(*given, **named):
    """What torch.load calls for TorchScript, which is code, and may run while it is loaded."""
    raise Unusable("is TorchScript, a program: load it with torch.jit.load where you trust it, and save its state_dict()")


def read(torch, path):
    """What the file holds."""
    try:
        with open(path, "rb") as file:
            if not file.read(1):
                raise Unusable("is empty")
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror}")
    options = {"weights_only": False} if "weights_only" in inspect.signature(torch.load).parameters else {}
    careful = careful_pickle(torch)
    usual, torch.serialization.pickle = torch.serialization.pickle, careful   # PyTorch 1.13 takes this one, whatever it is given
    usual_script, torch.jit.load = torch.jit.load, refuse_script
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", pickle_module=careful, **options)
    except Unusable:
        raise
    except Exception as error:   # of many kinds, by how the file is broken
        reason = (str(error).strip() or type(error).__name__).split("\n")[0]
        raise Unusable(f"is no file that torch.save wrote, or is cut short: {reason}")
    finally:
        torch.serialization.pickle, torch.jit.load = usual, usual_script


def state_of(torch, value):
    """The state_dict of a module, of whatever class, and what is none as it is."""
    if isinstance(value, torch.nn.Module):
        return value.state_dict()
    inside = getattr(value, "state", None) if isinstance(value, Unknown) else None
    if not isinstance(inside, dict) or "_parameters" not in inside:
        return value
    hidden = inside.get("_non_persistent_buffers_set") or ()
    tensors = {name: x for kind in ("_parameters", "_buffers") for name, x in inside[kind].items() if x is not None and name not in hidden}
    for name, module in inside["_modules"].items():
        if module is None:
            continue
        of_module = state_of(torch, module)
        if not isinstance(of_module, dict):
            raise Unusable(f"has a module that was saved in a way of its own: {name}; save its state_dict() instead")
        tensors.update({f"{name}.{inner}": x for inner, x in of_module.items()})
    return tensors


def is_state_dict(torch, value):
    return isinstance(value, collections.abc.Mapping) and any(isinstance(x, torch.Tensor) for x in value.values())


def find_state_dict(torch, loaded, key):
    """The state_dict in what was loaded: under the key if there is one, else where it usually is."""
    loaded = state_of(torch, loaded)
    for part in key.split("/") if key else ():
        if not isinstance(loaded, collections.abc.Mapping) or part not in loaded:
            raise Unusable(f"has no {key}")
        loaded = state_of(torch, loaded[part])
    if isinstance(loaded, torch.Tensor):
        return {"tensor": loaded}
    if not isinstance(loaded, collections.abc.Mapping):
        raise Unusable(f"holds no state_dict, but an object of type {type(loaded).__name__}")
    inside = {name: state_of(torch, value) for name, value in loaded.items()}
    inside = {name: value for name, value in inside.items() if is_state_dict(torch, value)}
    usual = [name for name in USUAL_KEYS if name in inside]
    if len(usual) == 1 or (len(inside) == 1 and not is_state_dict(torch, loaded)):
        return inside[usual[0] if usual else next(iter(inside))]
    if not inside and is_state_dict(torch, loaded):
        return loaded
    if not inside:
        raise Unusable("holds no state_dict")
    raise Unusable(f"has several state_dicts: choose one by --key, of {', '.join(map(str, inside))}")


def tensors_of(torch, state_dict):
    """Name, element type and contiguous tensor of each; what is no tensor is left out, and said."""
    names = dtype_names(torch)
    tensors = {}
    for name, x in state_dict.items():
        if not isinstance(name, str) or name == "__metadata__":
            raise Unusable(f"has a tensor whose name is no text, or one that safetensors reserves: {name!r}")
        if not isinstance(x, torch.Tensor):
            print(f"{name} is no tensor, and left out", file=sys.stderr)
            continue
        if x.layout != torch.strided or x.is_quantized or x.device.type == "meta":
            raise Unusable(f"has a tensor that is sparse, quantized or without elements: {name}")
        if x.dtype not in names:
            raise Unusable(f"has a tensor of a type that safetensors has not: {name} is {x.dtype}")
        tensors[name] = (names[x.dtype], x.detach().resolve_conj().resolve_neg().contiguous())
    if not tensors:
        raise Unusable("holds no tensor")
    return tensors


def bytes_of(torch, x):
    """The elements, little-endian. NumPy does not know every type, but bytes."""
    return x.reshape(-1).view(torch.uint8).numpy().tobytes() if x.numel() else b""


def write(torch, tensors, path):
    """The whole file under another name first, so that it is there complete or not at all."""
    ordered = sorted(tensors.items(), key=lambda item: (-item[1][1].element_size(), item[0]))
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, x) in ordered:
        end = at + x.numel() * x.element_size()
        header[name] = {"dtype": dtype, "shape": list(x.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=os.path.basename(path) + ".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(struct.pack("<Q", len(text)))
            file.write(text)
            for _, (_, x) in ordered:
                file.write(bytes_of(torch, x))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~current_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a file that torch.save wrote")
    parser.add_argument("target", nargs="?", help="the file to write; by default its name with .safetensors")
    parser.add_argument("--key", help="where in a checkpoint the state_dict is: model, or ema/model")
    given = parser.parse_args(arguments)
    target = given.target or os.path.splitext(given.source)[0] + ".safetensors"
    try:
        if os.path.realpath(target) == os.path.realpath(given.source):
            raise Unusable("is the file to be written, too, and would be lost: name another")
        import torch
        if sys.byteorder != "little":
            raise Unusable("is on a big-endian machine, for which this script is not written")
        tensors = tensors_of(torch, find_state_dict(torch, read(torch, given.source), given.key))
        write(torch, tensors, target)
    except ImportError as error:
        sys.exit(f"pt_to_safetensors: PyTorch and NumPy are needed: {error}")
    except Unusable as error:
        sys.exit(f"pt_to_safetensors: {given.source} {error}")
    except OSError as error:
        sys.exit(f"pt_to_safetensors: {target} cannot be written: {error.strerror}")
    print(f"{target}: {len(tensors)} tensors, {sum(x.numel() for _, x in tensors.values())} elements")


if __name__ == "__main__":
    main()
