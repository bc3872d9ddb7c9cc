"""Writes tests/data/pytorch: weights of every layer that PyTorch has too, as its state_dict names and keeps them, and what the
layers compute with them, for tests/io/pytorch.cpp. Needs PyTorch and NumPy: python3 record_pytorch_weights.py"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn

here = pathlib.Path(__file__).parent
folder = here / "pytorch"
folder.mkdir(exist_ok=True)
torch.manual_seed(1)


def transformer(layer, **options):
    return layer(4, 2, dim_feedforward=6, batch_first=True, **options)


net = nn.Module()
net.fc = nn.Linear(3, 4)
net.plain = nn.Linear(4, 4, bias=False)
net.pair = nn.Bilinear(3, 4, 2)
net.conv1 = nn.Conv1d(2, 4, 3, padding=1)
net.conv2 = nn.Conv2d(4, 4, 3, groups=2)
net.up1 = nn.ConvTranspose1d(2, 3, 3, stride=2)
net.up2 = nn.ConvTranspose2d(4, 2, 3, groups=2)
net.bn1 = nn.BatchNorm1d(3)
net.bn2 = nn.BatchNorm2d(2)
net.ln = nn.LayerNorm([2, 3])
net.gn = nn.GroupNorm(2, 4)
net.instance = nn.InstanceNorm2d(2, affine=True)
net.table = nn.Embedding(5, 3, padding_idx=0)
net.act = nn.PReLU(3)
net.rnn = nn.RNN(3, 2, num_layers=2, batch_first=True)
net.lstm = nn.LSTM(3, 2, num_layers=2, bidirectional=True, batch_first=True)
net.gru = nn.GRU(3, 2, bidirectional=True, batch_first=True)
net.attention = nn.MultiheadAttention(4, 2, batch_first=True)
net.cross = nn.MultiheadAttention(4, 2, kdim=3, vdim=2, batch_first=True)
net.encoder = nn.TransformerEncoder(transformer(nn.TransformerEncoderLayer), 2, norm=nn.LayerNorm(4))
net.decoder = nn.TransformerDecoder(transformer(nn.TransformerDecoderLayer, norm_first=True), 1)
net.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
net.eval()

with torch.no_grad():
    for parameter in net.parameters():
        parameter.normal_(0, 0.5)
    for norm in (net.bn1, net.bn2):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        norm.num_batches_tracked.fill_(7)

r = torch.randn
inputs = {
    "fc": (r(2, 3),), "plain": (r(2, 4),), "pair": (r(2, 3), r(2, 4)), "conv1": (r(2, 2, 5),), "conv2": (r(1, 4, 5, 4),),
    "up1": (r(2, 2, 3),), "up2": (r(1, 4, 3, 2),), "bn1": (r(2, 3),), "bn2": (r(2, 2, 2, 2),), "ln": (r(2, 2, 3),), "gn": (r(2, 4, 3),),
    "instance": (r(2, 2, 2, 3),), "table": (torch.tensor([[1, 4], [0, 2]]),), "act": (r(2, 3),), "rnn": (r(2, 4, 3),),
    "lstm": (r(2, 4, 3),), "gru": (r(2, 4, 3),), "attention": (r(2, 3, 4),) * 3, "cross": (r(2, 2, 4), r(2, 3, 3), r(2, 3, 2)),
    "encoder": (r(2, 3, 4),), "decoder": (r(2, 3, 4), r(2, 2, 4)), "body": (r(2, 3),),
}
recorded = {}
for name, given in inputs.items():
    with torch.no_grad():
        y = getattr(net, name)(*given)
    recorded[f"{name}.y"] = (y[0] if isinstance(y, tuple) else y).numpy()
    for i, x in enumerate(given):
        recorded[f"{name}.x{i}"] = x.numpy()
np.savez_compressed(folder / "outputs.npz", **recorded)

with tempfile.TemporaryDirectory() as temporary:
    path = pathlib.Path(temporary) / "layers.pt"
    torch.save(net.state_dict(), path)
    tool = here.parent.parent / "tools" / "pt_to_safetensors.py"
    subprocess.run([sys.executable, tool, path, folder / "layers.safetensors"], check=True)
