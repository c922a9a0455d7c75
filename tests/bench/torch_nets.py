#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nets of bench_nets.c in PyTorch, for comparison only: nothing of the project needs this.

usage: torch_nets.py [pitch] [page] [language] [--threads N] [--steps N] [--cpu-time] [--bf16] [--channels-last]
Prints milliseconds for a training step (forward, backward, AdamW) and for inference, the least of some steps.
"""
import argparse
import time

import torch
from torch import nn
from torch.nn import functional as F


class NormedConv(nn.Module):
    def __init__(self, i, o, kernel=3, stride=1, dilation=(1, 1), relu=True):
        super().__init__()
        pad = tuple((kernel - 1) // 2 * d for d in dilation)
        self.conv = nn.Conv2d(i, o, kernel, stride, pad, dilation, bias=False)
        self.norm = nn.BatchNorm2d(o)
        self.relu = relu

    def forward(self, x):
        x = self.norm(self.conv(x))
        return F.relu(x, inplace=True) if self.relu else x


class Pitch(nn.Module):
    def __init__(self):
        super().__init__()
        self.front = NormedConv(2, 16, 5)
        index = torch.tensor([[3 * k + o for k in range(88)] for o in (0, 36, 57)])
        inside = (index < 294).float()
        self.register_buffer("index", index.clamp(max=293))
        self.register_buffer("inside", inside)
        self.blocks = nn.ModuleList(NormedConv(48, 48, dilation=(d, 1)) for d in (1, 1, 2, 4))
        self.gru = nn.GRU(48, 32, batch_first=True, bidirectional=True)
        self.heads = nn.Linear(64, 4)

    def forward(self, x):
        x = self.front(x)
        x = torch.cat([x[..., i] * m for i, m in zip(self.index, self.inside)], 1)
        for block in self.blocks:
            x = x + block(x)
        n, c, t, k = x.shape
        x, _ = self.gru(x.permute(0, 3, 2, 1).reshape(n * k, t, c))
        return self.heads(x).view(n, k, t, 4)

    @staticmethod
    def batch(n):
        return torch.randn(n, 2, 250, 294), (torch.rand(n, 88, 250, 4) < 0.1).float()

    @staticmethod
    def loss(y, target):
        return sum(F.binary_cross_entropy_with_logits(y[..., i], target[..., i]) for i in range(4))


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = NormedConv(c, c), NormedConv(c, c, relu=False)

    def forward(self, x):
        return F.relu(self.b(self.a(x)) + x, inplace=True)


class Page(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [2, 16, 32, 64, 128]
        self.down = nn.ModuleList(NormedConv(a, b, stride=2) for a, b in zip(sizes, sizes[1:]))
        self.trunk = nn.ModuleList(Residual(c) for c in sizes[1:])
        self.lateral = nn.ModuleList(nn.Conv2d(c, 64, 1) for c in sizes[2:])
        self.smooth = NormedConv(64, 64)
        self.heads = nn.Conv2d(64, 75, 1)

    def forward(self, x):
        levels = []
        for down, trunk in zip(self.down, self.trunk):
            x = trunk(down(x))
            levels.append(x)
        up = self.lateral[2](levels[3])
        for i in (1, 0):
            up = F.interpolate(up, scale_factor=2) + self.lateral[i](levels[i + 1])
        return self.heads(self.smooth(up))

    @staticmethod
    def batch(n):
        target = torch.randint(0, 2, (n, 96, 96)), torch.rand(n, 4, 96, 96), torch.ones(n, 1, 96, 96)
        return torch.randn(n, 2, 384, 384), target + ((torch.rand(n, 7, 96, 96) < 0.1).float(),)

    @staticmethod
    def loss(y, target):
        classes, box, inside, lines = target
        boxes = (F.smooth_l1_loss(y[:, 64:68], box, reduction="none") * inside).sum() / (4 * inside.sum())
        return (F.cross_entropy(y[:, :64], classes) + boxes +
                F.binary_cross_entropy_with_logits(y[:, 68:], lines))


class RmsNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(c))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.scale


class Layer(nn.Module):
    def __init__(self, c, heads, length):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = RmsNorm(c), RmsNorm(c)
        self.qkv, self.mix = nn.Linear(c, 3 * c, bias=False), nn.Linear(c, c, bias=False)
        self.up, self.down = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        half = c // heads // 2
        angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(half) / half)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())
        self.register_buffer("mask", torch.full((length, length), float("-inf")).triu(1))

    def turn(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat([a * self.cos - b * self.sin, a * self.sin + b * self.cos], -1)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = (z.view(n, t, self.heads, -1).transpose(1, 2) for z in self.qkv(self.norm1(x)).chunk(3, -1))
        score = self.turn(q) @ self.turn(k).transpose(2, 3) / (c // self.heads) ** 0.5 + self.mask
        y = (score.softmax(-1) @ v).transpose(1, 2).reshape(n, t, c)
        x = x + self.mix(y)
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(1024, 256)
        self.layers = nn.Sequential(*(Layer(256, 8, 512) for _ in range(6)))
        self.norm, self.logits = RmsNorm(256), nn.Linear(256, 1024, bias=False)

    def forward(self, x):
        return self.logits(self.norm(self.layers(self.tokens(x))))

    @staticmethod
    def batch(n):
        return torch.randint(0, 1024, (n, 512)), torch.randint(0, 1024, (n, 512))

    @staticmethod
    def loss(y, target):
        return F.cross_entropy(y.flatten(0, 1), target.flatten())


def least(run, steps, clock):
    times = []
    for _ in range(steps):
        start = clock()
        run()
        times.append(clock() - start)
    return 1000 * min(times)


def measure(name, kind, n, arguments):
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    torch.manual_seed(1)
    net, (x, target) = kind(), kind.batch(n)
    if arguments.channels_last and x.dim() == 4:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), 1e-3)

    def forward():
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            return net(x)

    def step():
        optimiser.zero_grad()
        kind.loss(forward().float(), target).backward()
        optimiser.step()

    trained = least(step, arguments.steps, clock)
    net.eval()
    with torch.no_grad():
        inferred = least(forward, arguments.steps, clock)
    layout = "bf16" if arguments.bf16 else "f32"
    print(f"{name:9s} {layout} training {trained:8.1f} ms a step, inference {inferred:8.1f} ms", flush=True)


def main():
    nets = {"pitch": (Pitch, 8), "page": (Page, 8), "language": (Language, 16)}
    parser = argparse.ArgumentParser()
    parser.add_argument("nets", nargs="*", default=list(nets))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in arguments.nets:
        measure(name, *nets[name], arguments)


if __name__ == "__main__":
    main()
