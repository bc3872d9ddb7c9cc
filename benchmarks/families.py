"""Which cases there are, family by family: what a row is called, which peers it has, what it is to reach.

usage: python3 families.py [NAME,NAME...]        says which names are no family's, if some are not; without names, all families
"""

import re
import sys


def torch(case, target=None):
    return ("torch", case, None, target)


def networks(table):
    forward = {b: 2 * b * (784 * 512 + 512 * 256 + 256 * 10) for b in (200, 32, 1)}
    step = {b: 2 * forward[b] + 2 * b * (512 * 256 + 256 * 10) for b in (200, 32, 1)}
    group = "MNIST network 784-512-256-10"
    of_one = table.by_width(3, 2.5)   # wide vectors shorten what LibTorch computes, not what it spends besides
    for batch, cores, target in ((200, 1, table.by_width(1.2, 1.25)), (32, 1, table.by_width(1.6, 1.7)), (1, 1, of_one),
                                 (200, 2, table.by_width(1.25, 1.5))):
        case = f"training/{batch}"
        table.measure(group, f"training step, batch {batch}" + f", {cores} cores" * (cores > 1), case, [torch(case, target)], cores,
                      flop=step[batch] if batch > 1 else None)
    table.measure(group, "training step, batch 1, each parameter's in the backward pass", "training_in_backward/1", [torch("training/1", of_one)])
    for batch in (1, 32, 200):
        case = f"inference/{batch}"
        table.measure(group, f"inference, batch {batch}", case, [("onnxruntime", case, None, 1.0), torch(case)],
                      flop=forward[batch] if batch > 1 else None)

    group = "Small graphs"
    table.measure(group, "training step of a 2-16-16-1 tanh network, batch 1", "small", [torch("small", 30)])
    table.measure(group, "100 scalar multiplications and tanh, with gradient", "chain", [torch("chain", 20)])


def elementwise(table):
    group = "Formulas over arrays, forward and backward"
    for count in (1000, 1000000, 10000000):
        number = f"{count:,}".replace(",", " ")
        large = 20 * count if count == 10000000 else None   # x, y; dy, x, dx
        table.measure(group, f"GELU (tanh) by map, {number} floats", f"gelu/{count}",
                      [torch(f"gelu/{count}", 8), ("torch", f"gelu_own/{count}", "LibTorch's own")], bytes_moved=large)
        table.measure(group, f"SiLU, {number} floats", f"silu/{count}", [torch(f"silu/{count}", 1.5)], bytes_moved=large)
    table.measure(group, "softmax cross-entropy, 256 x 1000", "cross_entropy", [torch("cross_entropy", 2)])

    group = "Kernels, forward only"
    for name in ("exp", "tanh", "sum"):
        table.measure(group, f"{name}, 100 000 floats", f"{name}/100000", [torch(f"{name}/100000")])


def products(table):
    libraries = ("openblas", "blis", "onednn", "eigen", "libxsmm")
    cases = [case for case in table.cases() if case.startswith("product/") and case.count("/") == 2]
    least = table.by_width(0.9, 0.95)
    for case in cases:
        _, sizes, how = case.split("/")
        m, n, k = map(int, sizes.split("x"))
        table.measure("Matrix products", f"{m} x {n} x {k}, {how}", case, [(name, case) for name in libraries], best=least,
                      flop=2 * m * n * k)
    table.mean("Matrix products", None, cases, table.by_width(1, 1.05), least)
    table.measure_alignment(libraries)


def operations(table):
    group = "Reductions, 4096 x 1024, forward and backward"
    for name in ("var", "norm"):
        for axis in (0, 1):
            case = f"operations/{name}/axis{axis}"
            table.measure(group, f"{name} along axis {axis}", case, [torch(case, 1.3)])

    group = "einsum"
    for title, name, flop in (("bij,bjk->bik, 32 x 64 x 64 x 64", "bij,bjk", 2 * 32 * 64 ** 3),
                              ("bhid,bhjd->bhij, 8 x 8 x 128 x 128 x 64", "bhid,bhjd", 2 * 64 * 128 * 128 * 64)):
        case = f"operations/einsum/{name}"
        table.measure(group, title + ", forward", case + "/forward", [torch(case + "/forward", 1.2)], flop=flop)
        table.measure(group, title + ", forward and backward", case, [torch(case, 1.2)], flop=3 * flop)

    group = "Order and choice, forward and backward"
    for title, name in (("cumsum of the rows of 1024 x 1000", "cumsum"), ("sort of the rows of 1024 x 1000", "sort"),
                        ("topk, 16 of each row of 1024 x 1000", "topk"), ("gather, 1024 x 1000 of the rows of 1024 x 1000", "gather"),
                        ("embedding, 4096 of 50 000 x 256", "embedding")):
        table.measure(group, title, f"operations/{name}", [torch(f"operations/{name}", 1.0)])


def linalg(table):
    group = "Linear algebra, forward only"
    for title, name in (("solve, 256 x 256, a vector", "solve"), ("inverse, 256 x 256", "inverse"), ("cholesky, 256 x 256", "cholesky"),
                        ("eigh, 64 x 64", "eigh"), ("svd, 64 x 64", "svd")):
        case = f"linalg/{name}"
        peers = [("openblas", case, "OpenBLAS's LAPACK as NumPy calls it", 0.7)]
        if name == "inverse":
            peers.append(("openblas", case + "_getri", "... by getri"))
        table.measure(group, title, case, peers)


CONVOLUTION = re.compile(r"windows/conv2d/(\d+)x(\d+)x(\d+)x(\d+)/(\d+)/(\d+)x\d+(?:/stride(\d+))?(?:/groups(\d+))?/(forward|backward)$")


def convolution(case):
    """(title, floating point operations) of a case of conv2d; None for another. Padded by half the kernel."""
    found = CONVOLUTION.match(case)
    if not found:
        return None
    *numbers, part = found.groups()
    n, c, h, w, out, kernel, stride, groups = (int(number or 1) for number in numbers)
    title = f"conv2d {n} x {c} x {h} x {w} to {out}, {kernel} x {kernel}" + f", stride {stride}" * (stride > 1)
    title += ", depthwise" if groups == c > 1 else f", {groups} groups" * (groups > 1)
    flop = 2 * n * out * (h // stride) * (w // stride) * (c // groups) * kernel * kernel
    return f"{title}, {part}", flop * (2 if part == "backward" else 1)


def windows(table):
    group = "Convolutions"
    cases = {"forward": [], "backward": []}
    for case in table.cases():
        known = convolution(case)
        if known:
            title, flop = known
            part = case.split("/")[-1]
            cases[part].append(case)
            peers = [torch(case, 0.9)] + [("onnxruntime", case, None, 0.85)] * (part == "forward")
            table.measure(group, title, case, peers, flop=flop, exact=False)
    table.mean("conv2d, forward", "LibTorch", cases["forward"], 1.1, 0.9)
    table.mean("conv2d, forward", "ONNX Runtime", cases["forward"], 1.0, 0.85)
    table.mean("conv2d, backward", "LibTorch", cases["backward"], 1.1, 0.9)
    for title, name, flop in (("conv1d 32 x 64 x 1000 to 64, 9 taps", "conv1d", 2 * 32 * 64 * 1000 * 64 * 9),
                              ("conv_transpose2d 8 x 64 x 14 x 14 to 32, 4 x 4, stride 2", "conv_transpose2d",
                               2 * 8 * 64 * 14 * 14 * 32 * 16)):
        for part in ("forward", "backward"):
            case = f"windows/{name}/{part}"
            table.measure(group, f"{title}, {part}", case, [torch(case, 1.1)], flop=flop * (2 if part == "backward" else 1), exact=False)

    group = "Pooling of 64 x 64 x 28 x 28, 2 x 2, forward and backward"
    for name in ("max_pool2d", "avg_pool2d"):
        table.measure(group, name, f"windows/{name}", [torch(f"windows/{name}", 1.5)])


def normalize(table):
    group = "Normalisation in training, forward and backward"
    for title, name in (("batch_norm, 64 x 64 x 14 x 14", "batch_norm"), ("layer_norm, 256 x 1024", "layer_norm"),
                        ("group_norm, 16 x 64 x 28 x 28, 8 groups", "group_norm")):
        table.measure(group, title, f"normalize/{name}", [torch(f"normalize/{name}", 1.5)])


def attention(table):
    group = "Attention, 8 heads of width 64, forward and backward"
    for length in (128, 512, 2048):
        case = f"attention/{length}"
        # q k^T and its product with v; with the gradient of each by both, and the scores once more
        table.measure(group, f"length {length}", case, [torch(case, 1.5)], flop=2 * 7 * 8 * length * length * 64, exact=False)
    each = 8 * 2048 * 64 * 4   # q, k, v and y, and their gradients
    table.measure_beyond(group, "memory beyond inputs and outputs, length 2048", "attention/2048", 8 * each, 20e6)


def layers(table):
    group = "Convolutional network 32c3-pool-64c3-pool-128-10"
    forward = 2 * (28 * 28 * 32 * 9 + 14 * 14 * 64 * 32 * 9 + 3136 * 128 + 128 * 10)
    case = "layers/cnn/training"
    table.measure(group, "training step with Adam, batch 64", case, [torch(case, 1.2)], flop=64 * (3 * forward - 2 * 28 * 28 * 32 * 9), exact=False)
    for batch in (1, 64):
        case = f"layers/cnn/inference/{batch}"
        table.measure(group, f"inference, batch {batch}", case, [("onnxruntime", case, None, 1.0), torch(case)],
                      flop=batch * forward, exact=False)

    group = "Layers, forward and backward"
    for title, name in (("transformer encoder layer, 128 x 8 x 256, 4 heads, 1024 between", "transformer"),
                        ("LSTM, 64 steps, batch 32, 128 to 256", "lstm"), ("GRU, 64 steps, batch 32, 128 to 256", "gru")):
        table.measure(group, title, f"layers/{name}", [torch(f"layers/{name}", 1.2)])


def resnet50(table):
    group = "ResNet-50, 3 x 224 x 224"
    forward = 2 * 4089e6   # multiplications and additions of convolutions and the linear layer
    for batch, cores in ((1, 1), (8, 2)):
        case = f"resnet50/inference/{batch}"
        table.measure(group, f"inference, batch {batch}" + f", {cores} cores" * (cores > 1), case,
                      [("onnxruntime", case, None, 1.0), torch(case, 1.3)], cores, flop=batch * forward, exact=False, tolerance=1e-4)
    for title, case in (("training step", "resnet50/training"), ("training step in the backward pass", "resnet50/training_in_backward")):
        table.measure(group, title + ", batch 8, 2 cores", case, [torch("resnet50/training", 1.1)], 2, flop=8 * 3 * forward, exact=False,
                      tolerance=1e-4)


def optimizers(table):
    count = 10000000
    case = f"optimizers/adam/{count}"
    # w, m and v are read and written, the gradient is read
    table.measure("Optimizers", "Adam, 10 000 000 parameters", case, [torch(case, 2)], bytes_moved=28 * count, or_percent=85)


def data(table):
    group = "From files to batches"
    table.write_files()
    table.measure(group, "60 000 images of MNIST, shuffled and normalised, in batches of 100", "data/loader",
                  [torch("data/loader", 5), ("torch", "data/loader_by_batch", "LibTorch, normalised by the batch", 5)])
    # pandas may be off by a last place of a double: that is some 1e-9 of what a float leaves of it
    table.measure(group, "CSV file of 1 000 000 rows and 10 columns, as doubles", "data/csv", [("pandas", "data/csv", None, 2)], tolerance=1e-8)


def accuracy(table):
    group = "Training on MNIST until so many of the test images are right, 2 cores"
    for title, name in (("784-512-256-10, 98 %", "mlp"), ("16c5-pool-32c3-pool-128-10 with batch norm, 99 %", "cnn")):
        table.measure_with_digits(group, title, f"accuracy/{name}", [torch(f"accuracy/{name}", 1.25)], 2)


def threads(table):
    chosen = [case for case in table.cases() if re.match(r"windows/conv2d/(64x32x14x14|1x64x56x56|1x3x224x224)/", case)]
    table.measure_cores(chosen + ["windows/conv1d/forward", "windows/conv1d/backward", "attention/512", "attention/2048"])
    table.measure_second_thread()
    table.measure_busy()


def costs(table):
    table.measure_memory()
    table.measure_builds()
    table.measure_compiling()


# By the time that four headers of xtensor take, which are arrays alone. The umbrella is everything, layers, optimizers, data and
# files as well; who includes the headers of what a program needs pays for these.
UMBRELLA_AT_MOST, HEADER_AT_MOST = 2.6, 1.5
PROGRAM_AT_MOST, COMPILED_PROGRAM_AT_MOST = 5, 3   # README's, at -O2
FAMILY_HEADERS = ("ops/reduce.hpp", "ops/einsum.hpp", "ops/convolution.hpp", "ops/attention.hpp", "ops/decompose.hpp", "ops/loss.hpp",
                  "nn/lstm.hpp", "nn/transformer_encoder.hpp", "optim/adam.hpp")

# In the order in which they are measured, with the peers that each has.
FAMILIES = {"networks": (networks, ("torch", "onnxruntime")), "elementwise": (elementwise, ("torch",)),
            "products": (products, ("openblas", "blis", "onednn", "eigen", "libxsmm")), "operations": (operations, ("torch",)),
            "linalg": (linalg, ("openblas",)), "windows": (windows, ("torch", "onnxruntime")), "normalize": (normalize, ("torch",)),
            "attention": (attention, ("torch",)), "layers": (layers, ("torch", "onnxruntime")), "resnet50": (resnet50, ("torch", "onnxruntime")),
            "optimizers": (optimizers, ("torch",)), "data": (data, ("torch", "pandas")), "accuracy": (accuracy, ("torch",)),
            "threads": (threads, ()), "costs": (costs, ("torch",))}


# Minutes each, so that they are measured only where they are named, or for the page.
LONG = ("accuracy",)


def chosen(text, everything=False):
    """The families of "windows,attention", in their own order; of none all, but for long ones unless `everything` is wanted.
    ValueError names those that are not known."""
    wanted = [name for name in (text or "").split(",") if name]
    unknown = [name for name in wanted if name not in FAMILIES]
    if unknown:
        raise ValueError(f"no family is called {', '.join(unknown)}; there are {', '.join(FAMILIES)}")
    return [name for name in FAMILIES if name in wanted or (not wanted and (everything or name not in LONG))]


def main():
    if len(sys.argv) > 1:
        try:
            chosen(sys.argv[1])
        except ValueError as e:
            sys.exit(str(e))
    else:
        print(*FAMILIES)


if __name__ == "__main__":
    main()
