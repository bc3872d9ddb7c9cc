#!/usr/bin/env python3
"""Trains a small convolutional network on MNIST's digits 0 to 4 in PyTorch, and saves its state_dict, for 16_fine_tune.cpp.

    python3 examples/pretrain.py "$(sh examples/mnist/fetch.sh)" digits.pt
    python3 tools/pt_to_safetensors.py digits.pt examples/data/digits.safetensors
"""
import collections
import sys

import numpy
import torch
from torch import nn


def images(folder, part):
    """The digits 0 to 4: x (n, 1, 28, 28) in [0, 1], y (n)."""
    with open(f"{folder}/{part}-images-idx3-ubyte", "rb") as file:
        x = numpy.frombuffer(file.read()[16:], numpy.uint8).reshape(-1, 1, 28, 28)
    with open(f"{folder}/{part}-labels-idx1-ubyte", "rb") as file:
        y = numpy.frombuffer(file.read()[8:], numpy.uint8)
    return torch.from_numpy(x[y < 5].astype("float32") / 255), torch.from_numpy(y[y < 5].astype("int64"))


def main(folder, target):
    torch.manual_seed(1)
    net = nn.Sequential(collections.OrderedDict(
        conv1=nn.Conv2d(1, 8, 3, padding=1), bn1=nn.BatchNorm2d(8), relu1=nn.ReLU(), pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(8, 16, 3, padding=1), bn2=nn.BatchNorm2d(16), relu2=nn.ReLU(), pool2=nn.MaxPool2d(2),
        conv3=nn.Conv2d(16, 32, 3, padding=1), bn3=nn.BatchNorm2d(32), relu3=nn.ReLU(), pool3=nn.MaxPool2d(2),
        flatten=nn.Flatten(), fc=nn.Linear(288, 5)))
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    x, y = images(folder, "train")
    for epoch in range(3):
        for batch in torch.randperm(len(x)).split(100):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimizer.step()
    net.eval()
    x, y = images(folder, "t10k")
    with torch.no_grad():
        print(f"{100 * (net(x).argmax(1) == y).double().mean():.2f} % of the test digits 0 to 4 are right")
    torch.save(net.state_dict(), target)


if __name__ == "__main__":
    main(*sys.argv[1:])
