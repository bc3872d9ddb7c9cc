#!/usr/bin/python3
"""Records the losses of 100 training steps of the MNIST network in PyTorch, for tests/train/pytorch_agreement.cpp.

    python3 tests/data/record_mlp.py > tests/data/mlp_losses.txt

Needs torch and numpy (Debian: python3-torch, python3-numpy). The numbers that both sides start from come from
one formula, so that only the losses need to be stored: SplitMix64, number i being the i-th output for seed 0,
its upper 24 bits as a multiple of 2^-24 in [0, 1), which a float holds exactly.

Taken from that stream, in this order: the weights of each layer, (in, out), then its bias, uniform in
[-1 / sqrt(in), 1 / sqrt(in)); then for each of 100 batches 64 images of 784 pixels, of which those below 0.8 are
blank, and 64 labels. SGD with a learning rate of 0.1 and momentum 0.9 minimises the mean squared error between
relu(relu(relu(x W1 + b1) W2 + b2) W3 + b3) and the one-hot labels.
"""
import math

import numpy
import torch

STEPS, BATCH, SIZES = 100, 64, (784, 512, 256, 10)


class Stream:
    def __init__(self):
        self.drawn = 0

    def uniform(self, *shape):
        count = math.prod(shape)
        with numpy.errstate(over="ignore"):
            z = (numpy.arange(self.drawn + 1, self.drawn + count + 1, dtype=numpy.uint64)
                 * numpy.uint64(0x9E3779B97F4A7C15))
            z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
            z = z ^ (z >> numpy.uint64(31))
        self.drawn += count
        numbers = (z >> numpy.uint64(40)).astype(numpy.float32) * numpy.float32(2**-24)
        return torch.from_numpy(numbers.reshape(shape))


def main():
    torch.set_num_threads(1)
    stream = Stream()
    parameters = []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        bound = numpy.float32(1 / math.sqrt(inputs))
        for shape in ((inputs, outputs), (outputs,)):
            parameters.append(((2 * stream.uniform(*shape) - 1) * bound).requires_grad_(True))
    w1, b1, w2, b2, w3, b3 = parameters
    pictures = stream.uniform(10, SIZES[0])
    optimizer = torch.optim.SGD(parameters, lr=0.2, momentum=0.9)
    for _ in range(STEPS):
        labels = (10 * stream.uniform(BATCH)).long()
        x = pictures[labels] * stream.uniform(BATCH, SIZES[0])
        x = torch.where(x < 0.4, torch.zeros(()), x)
        out = torch.relu(torch.relu(torch.relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3)
        loss = torch.nn.functional.mse_loss(out, torch.nn.functional.one_hot(labels, 10).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"{loss.item():.9g}")


main()
