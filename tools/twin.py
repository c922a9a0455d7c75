#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the language, the proof-reader and the nets of the mapping experiment on a graphics card.

The nets are those of core/language, weight for weight, in PyTorch (2.0 or later): what they answer differs from the C program's by less
than 1e-3. Nothing depends on this file. `triptych-train language` and `triptych-train proof` learn the same from the same
examples on a processor, in some hours for minutes here. Examples are drawn by the C program.

    twin.py language -o language.weights --train build/app/triptych-train --cache FILE [--minutes 5] FOLDER...
    twin.py proof    -o proof.weights    --train build/app/triptych-train --cache FILE [--minutes 5] FOLDER...
    twin.py mapping  -o FOLDER           --bench build/tests/bench_language [--steps 3600] [--seeds 3] DATA OUT
    twin.py rival    --train build/app/triptych-train --cache FILE [--steps 3600] FOLDER...

`mapping` writes nets for `bench_language --from FOLDER`; `rival` compares the trunk with a Transformer, and learning scores
and performances in one net with learning them apart.

A whole step of training is captured as a graph of the card, and nets that are trained side by side have streams of their own:
nets this small would otherwise wait for the launching of kernels most of the time.
"""
import argparse
import hashlib
import math
import os
import struct
import subprocess
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F

NAMES = ["time", "pitch", "duration", "velocity", "pedal", "fine"]
IDS = [233, 103, 105, 32, 23, 16]
SCALES = [1, 1, 1, 1, 0.4, 0.3]
METRIC, FACTS, BAR, KEYS = 4, 8, 232, 88
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cuda.matmul.allow_tf32 = True

# ---- weights files (core/base/base_pack.h) -------------------------------------------------------------------------


def write_pack(path, texts, tensors):
    head = b"".join(struct.pack("<2I", len(k.encode()), len(v.encode())) + k.encode() + v.encode() for k, v in texts)
    at = 64 + len(head) + sum(16 + 8 * t.ndim + len(n.encode()) for n, t in tensors)
    table, data = b"", []
    for name, tensor in tensors:
        at = (at + 63) // 64 * 64
        table += struct.pack("<IBBH", len(name.encode()), 2, tensor.ndim, 0)
        table += struct.pack("<%dQ" % tensor.ndim, *tensor.shape) + struct.pack("<Q", at) + name.encode()
        data.append((at, np.ascontiguousarray(tensor, "<f2").tobytes()))
        at += 2 * tensor.size
    body = bytearray(at)
    body[64:64 + len(head) + len(table)] = head + table
    for place, content in data:
        body[place:place + len(content)] = content
    body[:32] = b"TRIPPACK" + struct.pack("<4IQ", 1, len(texts), len(tensors), 0, at)
    body[32:64] = hashlib.sha256(bytes(body[:32]) + bytes(body[64:])).digest()
    with open(path, "wb") as file:
        file.write(body)


# ---- the recurrence of minGRU ---------------------------------------------------------------------------------------

if DEVICE == "cuda":
    import triton
    import triton.language as tl

    @triton.jit
    def scan_forward(gate, value, state, T, C, BLOCK: tl.constexpr):
        c = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        inside, start = c < C, tl.program_id(0) * T * C
        h = tl.zeros([BLOCK], tl.float32)
        for t in range(T):
            p = start + t * C + c
            h = h + tl.load(gate + p, mask=inside, other=0.0) * (tl.load(value + p, mask=inside, other=0.0) - h)
            tl.store(state + p, h, mask=inside)

    @triton.jit
    def scan_backward(gate, value, state, dy, dgate, dvalue, T, C, BLOCK: tl.constexpr):
        c = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        inside, start = c < C, tl.program_id(0) * T * C
        dh = tl.zeros([BLOCK], tl.float32)
        for k in range(T):
            t = T - 1 - k
            p = start + t * C + c
            dh = dh + tl.load(dy + p, mask=inside, other=0.0)
            before = tl.load(state + p - C, mask=inside & (t > 0), other=0.0)
            z = tl.load(gate + p, mask=inside, other=0.0)
            tl.store(dgate + p, dh * (tl.load(value + p, mask=inside, other=0.0) - before), mask=inside)
            tl.store(dvalue + p, dh * z, mask=inside)
            dh = dh * (1 - z)


class Scan(torch.autograd.Function):
    """h_t = h_{t-1} + gate (value - h_{t-1}) along the second of three dimensions."""

    @staticmethod
    def forward(ctx, gate, value):
        gate, value = gate.contiguous(), value.contiguous()
        state = torch.empty_like(value)
        n, t, c = value.shape
        scan_forward[(n, triton.cdiv(c, 32))](gate, value, state, t, c, BLOCK=32, num_warps=1)
        ctx.save_for_backward(gate, value, state)
        return state

    @staticmethod
    def backward(ctx, dy):
        gate, value, state = ctx.saved_tensors
        dgate, dvalue = torch.empty_like(gate), torch.empty_like(value)
        n, t, c = value.shape
        scan_backward[(n, triton.cdiv(c, 32))](gate, value, state, dy.contiguous(), dgate, dvalue, t, c, BLOCK=32, num_warps=1)
        return dgate, dvalue


def scan_by_doubling(gate, value):
    a, b, reach, t = 1 - gate, gate * value, 1, gate.shape[1]
    while reach < t:
        there = (torch.arange(t, device=gate.device) >= reach)[None, :, None]
        earlier_a, earlier_b = (F.pad(x, (0, 0, reach, 0))[:, :t] for x in (a, b))
        a, b = torch.where(there, a * earlier_a, a), torch.where(there, a * earlier_b + b, b)
        reach *= 2
    return b


def min_gru(x):
    c = x.shape[-1] // 2
    gate, new = torch.sigmoid(x[..., :c]), x[..., c:]
    value = torch.where(new >= 0, new + 0.5, torch.sigmoid(new))
    return Scan.apply(gate, value) if DEVICE == "cuda" else scan_by_doubling(gate, value)


# ---- layers ---------------------------------------------------------------------------------------------------------

class Parameters:
    """Made when first asked for, by the names that the C program knows them by."""

    def __init__(self, seed):
        self.values, self.decays, self.random = {}, {}, torch.Generator().manual_seed(seed)

    def get(self, name, shape, spread, decays=False, centre=0.0):
        if name not in self.values:
            value = centre + spread * torch.randn(shape, generator=self.random)
            self.values[name], self.decays[name] = value.to(DEVICE).requires_grad_(True), decays
        return self.values[name]

    def linear(self, name, x, channels, bias=True):
        weight = self.get(name + ".weight", (channels, x.shape[-1]), x.shape[-1] ** -0.5, True)
        return F.linear(x, weight, self.get(name + ".bias", (channels,), 0.0) if bias else None)

    def near(self, name, x):
        c = x.shape[-1]
        weight = self.get(name + ".weight", (c, c, 5, 1), math.sqrt(2 / (5 * c)), True)
        return F.conv1d(x.transpose(1, 2), weight[..., 0], self.get(name + ".bias", (c,), 0.0), padding=2).transpose(1, 2)

    def norm(self, name, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.get(name + ".scale", (x.shape[-1],), 0.0, centre=1.0)

    def embedding(self, name, ids, rows, channels):
        """A product with ones and zeros: ids outside give zeros, and gradients need no sorting."""
        table = self.get(name + ".table", (rows, channels), 0.05)
        return (ids[..., None] == torch.arange(rows, device=ids.device)).to(table.dtype) @ table

    def tensors(self):
        return [("weights." + n, v.detach().cpu().numpy()) for n, v in self.values.items()]


def gelu(x):
    return F.gelu(x, approximate="tanh")


TURNS = {}


def attention(x, heads, causal):
    n, t, c = x.shape[0], x.shape[1], x.shape[2] // 3
    d = c // heads
    if (t, d) not in TURNS:
        angle = torch.arange(t, dtype=torch.float64)[:, None] * 10000 ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)
        TURNS[t, d] = angle.cos().float().to(x.device), angle.sin().float().to(x.device)
    cos, sin = TURNS[t, d]

    def turn(u):
        a, b = u[..., :d // 2], u[..., d // 2:]
        return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)

    q, k, v = (u.reshape(n, t, heads, d).transpose(1, 2) for u in x.split(c, -1))
    y = F.scaled_dot_product_attention(turn(q).bfloat16(), turn(k).bfloat16(), v.bfloat16(), is_causal=causal).float()
    return y.transpose(1, 2).reshape(n, t, c)


# ---- the language (core/language/language_net.c) --------------------------------------------------------------------

class Language:
    def __init__(self, width, layers, rank=8, seed=1, transformer=False):
        self.width, self.layers, self.rank, self.transformer = width, layers, rank, transformer
        self.p = Parameters(seed)

    def adapted(self, gates, number, name, x, channels):
        gate = gates[..., number * self.rank:(number + 1) * self.rank]
        change = self.p.linear(name + ".down", x, self.rank, False) * gate
        return self.p.linear(name, x, channels) + self.p.linear(name + ".up", change, channels, False)

    def trunk(self, ids, code, gates, told):
        p, w = self.p, self.width
        before = F.pad(ids, (0, 0, 1, 0), value=-1)[:, :-1]
        before = torch.where(told[:, None], before, -1)
        earlier = F.pad(ids, (0, 0, 2, 0), value=-1)[:, :-2]
        x = sum(p.embedding("embed.before." + NAMES[f], before[..., f], IDS[f], w) for f in range(6))
        x = x + sum(p.embedding("embed.earlier." + NAMES[f], earlier[..., f], IDS[f], w) for f in range(2))
        x = x + p.linear("code.trunk", code, w)
        for i in range(self.layers):
            name = "trunk.%d" % i
            y = self.adapted(gates, 2 * i, name + ".in", p.norm(name + ".norm1", x), (3 if self.transformer else 2) * w)
            y = attention(y, 8, True) if self.transformer else min_gru(y)
            x = x + p.linear(name + ".out", y, w, False)
            y = gelu(self.adapted(gates, 2 * i + 1, name + ".up", p.norm(name + ".norm2", x), 2 * w))
            x = x + p.linear(name + ".down", y, w, False)
        return p.norm("trunk.norm", x)

    def logits(self, ids, source, channel, told, asked):
        """ids [N, T, 6], -1 unknown; source, channel [N]; told, asked [N, 6]: fields that are known of steps before."""
        p, w = self.p, self.width
        code = (p.embedding("code.source", source, 8, 16) + p.embedding("code.channel", channel, 4, 16))[:, None]
        gates = p.linear("code.gates", code, (2 * self.layers + 4) * self.rank, False)
        x, out = self.trunk(ids, code, gates, told) + p.linear("code.heads", code, w), []
        for f in range(6):
            name, hidden = "head.%s.hidden" % NAMES[f], w if f == 1 else w // 2
            y = self.adapted(gates, 2 * self.layers + f, name, x, hidden) if f < 4 else p.linear(name, x, hidden)
            out.append(p.linear("head.%s.out" % NAMES[f], gelu(y), IDS[f]))
            if f < 5:
                now = torch.where(asked[:, None, f], ids[..., f], -1)
                x = x + p.embedding("embed.now." + NAMES[f], now, IDS[f], w)
        return out

    def losses(self, example):
        """Nats of each field in the mean over its known ids."""
        ids, asked, losses = example["ids"], example["asked"], []
        for f, logits in enumerate(self.logits(**example)):
            target = torch.where(asked[:, None, f], ids[..., f], -1)
            known = (target >= 0).float()
            nats = -F.log_softmax(logits, -1).gather(-1, target.clamp(min=0)[..., None])[..., 0]
            losses.append((nats * known).sum() / known.sum().clamp(min=1e-6))
        return torch.stack(losses)

    def loss(self, example):
        return sum(scale * loss for scale, loss in zip(SCALES, self.losses(example)))

    def texts(self, origin, validation):
        return [("kind", "triptych language"), ("origin", origin), ("width", str(self.width)), ("layers", str(self.layers)),
                ("rank", str(self.rank)), ("training.validation_loss", "%.5f" % validation)]


def told(rows, notes):
    """An example of the net from rows of lmm_language_examples."""
    facts, ids = rows[:, :FACTS], rows[:, FACTS:].reshape(-1, notes, 6)
    metric = torch.arange(6, device=rows.device) < METRIC
    nameless = facts[:, 4] > 0
    return {"ids": ids, "source": torch.where(nameless, -1, facts[:, 1]), "channel": torch.where(nameless, -1, facts[:, 2]),
            "told": (facts[:, 3] > 0)[:, None] | metric, "asked": (facts[:, 5] == 0)[:, None] | metric}


# ---- the proof-reader (core/language/language_proof.c, language_around.c) -------------------------------------------

class Proof:
    WIDTH, LAYERS, HEADS = 160, 5, 8

    def __init__(self, seed=1):
        self.p = Parameters(seed)

    @staticmethod
    def heights(ids):
        staff, key = (ids[..., 3] - 16) // 4, ids[..., 1]
        there = (ids[..., 3] >= 16) & (key >= 0) & (key < KEYS)
        on = (staff[..., None] == torch.arange(4, device=ids.device)) & there[..., None]
        return torch.cat([on * ((key - KEYS // 2).float() / 12)[..., None], on.float()], -1)

    def logits(self, ids):
        p, w = self.p, self.WIDTH
        x = sum(p.embedding("embed.%d" % f, ids[..., f], IDS[f], w) for f in range(6))
        x = x + p.linear("height", self.heights(ids), w)
        for i in range(self.LAYERS):
            name = "trunk.%d." % i
            x = x + p.linear(name + "near.out", gelu(p.near(name + "near", p.norm(name + "norm0", x))), w, False)
            y = p.linear(name + "far", p.norm(name + "norm1", x), 3 * w)
            x = x + p.linear(name + "far.out", attention(y, self.HEADS, False), w, False)
            y = gelu(p.linear(name + "up", p.norm(name + "norm2", x), 2 * w))
            x = x + p.linear(name + "down", y, w, False)
        x = p.norm("trunk.norm", x)
        return [p.linear("head." + head, x, 1)[..., 0] for head in ("pitch", "rhythm")]

    def loss(self, rows):
        ids, wrong = rows[..., :6], rows[..., 6]
        counts = ((ids[..., 0] >= 0) & (ids[..., 0] != BAR)).float()
        losses = [F.binary_cross_entropy_with_logits(logits, ((wrong >> k) & 1).float(), reduction="none")
                  for k, logits in enumerate(self.logits(ids))]
        return 10 * sum((l * counts).sum() for l in losses) / counts.sum()


# ---- training -------------------------------------------------------------------------------------------------------

class Course:
    """One net on its way. Ends after `steps`, or after `seconds`, to which the rate then falls."""

    def __init__(self, parameters, loss, steps, rate, seconds=1e9, warm_up=200, average=0.998, every=500, validate=None, better=None):
        self.parameters, self.loss, self.steps, self.rate, self.seconds, self.warm_up = parameters, loss, steps, rate, seconds, warm_up
        self.kept, self.every, self.validate, self.better = average, every, validate, better
        self.done, self.best = 0, math.inf

    def build(self):
        self.step, self.part = torch.zeros((), dtype=torch.int64, device=DEVICE), torch.zeros((), device=DEVICE)
        self.loss(self.step).backward()
        names = list(self.parameters.values)
        self.values = [self.parameters.values[n] for n in names]
        decaying = [v for n, v in zip(names, self.values) if self.parameters.decays[n]]
        first, second = ([torch.zeros_like(v) for v in self.values] for _ in range(2))
        self.average = [v.detach().clone() for v in self.values]
        for v in self.values:
            v.grad = None

        def one():
            slopes = torch.autograd.grad(self.loss(self.step), self.values)
            with torch.no_grad():
                slopes = torch._foreach_mul(list(slopes), 1 / torch.stack(torch._foreach_norm(slopes)).norm().clamp(min=1))
                self.step.add_(1)
                k = self.step.double()
                bias1, bias2 = (1 - torch.exp(k * math.log(0.9))).float(), (1 - torch.exp(k * math.log(0.98))).float()
                rise = (k.float() / self.warm_up).clamp(max=1)
                rate = self.rate * rise * (0.01 + 0.99 * 0.5 * (1 + torch.cos(math.pi * self.part.clamp(max=1))))
                torch._foreach_mul_(first, 0.9)
                torch._foreach_add_(first, torch._foreach_mul(slopes, 0.1))
                torch._foreach_mul_(second, 0.98)
                torch._foreach_add_(second, torch._foreach_mul(torch._foreach_mul(slopes, slopes), 0.02))
                below = torch._foreach_sqrt(torch._foreach_div(second, bias2))
                torch._foreach_add_(below, 1e-8)
                torch._foreach_mul_(decaying, 1 - 0.02 * rate)
                torch._foreach_sub_(self.values, torch._foreach_mul(torch._foreach_div(torch._foreach_div(first, bias1), below), rate))
                torch._foreach_mul_(self.average, self.kept)
                torch._foreach_add_(self.average, torch._foreach_mul(self.values, 1 - self.kept))

        self.one, self.graph = one, None
        if DEVICE == "cuda":
            self.stream = torch.cuda.Stream()
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                for _ in range(3):
                    one()
                    self.done += 1
            torch.cuda.synchronize()
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph, stream=self.stream):
                one()
            torch.cuda.synchronize()
        self.began = time.time()

    def look(self):
        """Validates the averaged weights and keeps the best."""
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        with torch.no_grad():
            working = [v.detach().clone() for v in self.values]
            for v, a in zip(self.values, self.average):
                v.copy_(a)
            loss = self.validate()
            print("%7.0f s  step %d  validation %.5f" % (time.time() - self.began, self.done, loss), flush=True)
            if loss < self.best:
                self.best = loss
                self.better(loss)
            for v, w in zip(self.values, working):
                v.copy_(w)
        if DEVICE == "cuda":
            torch.cuda.synchronize()

    def advance(self):
        if self.done % 20 == 0:
            part = max(self.done / self.steps, (time.time() - self.began) / self.seconds)
            if self.graph is None:
                self.part.fill_(part)
            else:
                with torch.cuda.stream(self.stream):
                    self.part.fill_(part)
            if part >= 1:
                self.steps = self.done
        if self.done < self.steps:
            if self.graph is None:
                self.one()
            else:
                with torch.cuda.stream(self.stream):
                    self.graph.replay()
            self.done += 1
        if self.done >= self.steps or self.done % self.every == 0:
            self.look()
        return self.done < self.steps


def train(courses):
    for course in courses:
        course.build()
    rounds = 0
    while courses:
        courses = [course for course in courses if course.advance()]
        rounds += 1
        if DEVICE == "cuda" and rounds % 40 == 0:
            torch.cuda.synchronize()


# ---- examples -------------------------------------------------------------------------------------------------------

def examples(command, count, columns, processes):
    """Runs command(path or None, first, count) in parts and reads what they write to files or standard output."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        share, running = -(-count // processes), []
        for i in range(processes):
            path = os.path.join(folder, str(i))
            words, to_output = command(path, i * share, share)
            running.append((subprocess.Popen(words, stdout=open(path, "wb") if to_output else subprocess.DEVNULL), path))
        parts = []
        for process, path in running:
            if process.wait() != 0:
                raise SystemExit("No examples came from: " + " ".join(process.args))
            parts.append(np.fromfile(path, "<i2").reshape(-1, columns))
    return torch.from_numpy(np.concatenate(parts)).to(DEVICE)


def of_program(options, what, validation=False, seed=1):
    def command(path, first, count):
        words = [options.train, what + "-examples", "-o", path, "--first", str(first), "--count", str(count), "--seed", str(seed)]
        words += ["--cache", options.cache] if options.cache else []
        return words + (["--validation"] if validation else []) + options.folders, False
    return command


def drawn(rows, batch):
    """Rows of a step, in a random order that comes round."""
    order = torch.randperm(len(rows), device=DEVICE)
    steps = torch.arange(batch, device=DEVICE)
    return lambda step: rows[order[(step * batch + steps) % len(rows)]].long()


def in_parts(rows, batch, loss):
    with torch.no_grad():
        return sum(float(loss(rows[i:i + batch].long())) * len(rows[i:i + batch]) for i in range(0, len(rows), batch)) / len(rows)


# ---- what is trained ------------------------------------------------------------------------------------------------

def language(options):
    notes, columns = 256, FACTS + 256 * 6
    rows = examples(of_program(options, "language"), options.examples or 300000, columns, options.processes)
    kept = examples(of_program(options, "language", True, 7), 1024, columns, 1)
    net, draw = Language(256, 4), drawn(rows, 64)
    loss = lambda some: net.loss(told(some, notes))
    train([Course(net.p, lambda step: loss(draw(step)), options.steps or 14000, 3e-3, 60 * options.minutes, 400, every=2000,
                  validate=lambda: in_parts(kept, 128, loss),
                  better=lambda v: write_pack(options.o, net.texts("tools/twin.py language", v), net.p.tensors()))])


def proof(options):
    columns = 512 * 7
    rows = examples(of_program(options, "proof"), options.examples or 160000, columns, options.processes)
    kept = examples(of_program(options, "proof", True, 7), 512, columns, 1)
    net, draw = Proof(), drawn(rows, 48)
    loss = lambda some: net.loss(some.reshape(-1, 512, 7))
    texts = lambda v: [("kind", "triptych proof-reader"), ("origin", "tools/twin.py proof"), ("training.validation_loss", "%.5f" % v)]
    train([Course(net.p, lambda step: loss(draw(step)), options.steps or 11000, 2e-3, 60 * options.minutes, 400, every=1375,
                  validate=lambda: in_parts(kept, 64, loss), better=lambda v: write_pack(options.o, texts(v), net.p.tensors()))])


def mapping(options):
    """The nets of bench_language: letter there, name of the file, code that is watched."""
    conditions = (("a", "a"), ("x", "a1"), ("b", "b"), ("d", "d"), ("e", "d1"))
    columns, steps = FACTS + 256 * 6, options.steps or 3600
    os.makedirs(options.o, exist_ok=True)

    def command(letter, side, seed):
        words = [options.bench, "--examples", letter, "--side", str(side), "--seed", str(seed)]
        return lambda path, first, count: (words + ["--first", str(first), "--count", str(count)] + options.folders, True)

    def course(letter, name, seed):
        net = Language(192, 3, seed=seed)
        draw = drawn(examples(command(letter, 0, seed), 16 * steps, columns, options.processes), 16)
        kept = examples(command(letter, 1, 7), 512, columns, 1)
        kept = kept[kept[:, 7] == 0]
        metric = lambda some: net.losses(told(some, 256))[:METRIC].sum()
        keep = lambda v: write_pack("%s/%s-%d.weights" % (options.o, name, seed), net.texts("tools/twin.py mapping", v), net.p.tensors())
        return Course(net.p, lambda step: net.loss(told(draw(step), 256)), steps, 4e-3, average=0.995, every=steps // 9,
                      validate=lambda: in_parts(kept, 128, metric), better=keep)

    for seed in range(1, options.seeds + 1):
        train([course(letter, name, seed) for letter, name in conditions])


def rival(options):
    columns, steps = FACTS + 256 * 6, options.steps or 3600
    rows = examples(of_program(options, "language"), 16 * steps, columns, options.processes)
    kept = examples(of_program(options, "language", True, 7), 1024, columns, 1)
    played, written = rows[:, 7] < 2, rows[:, 7] == 2
    share = lambda which: max(1, int(steps * float(which.float().mean())))

    def course(name, some, steps, **of_net):
        net, draw = Language(192, 3, **of_net), drawn(some, 16)

        def validate():
            parts = [in_parts(kept[kept[:, 7] == k], 128, lambda some: net.losses(told(some, 256))[:METRIC].sum()) for k in (0, 2, 3)]
            print("%-16s played %.3f, written %.3f, popular %.3f nats a note" % (name, *parts))
            return sum(parts)
        return Course(net.p, lambda step: net.loss(told(draw(step), 256)), steps, 4e-3, average=0.995, every=steps,
                      validate=validate, better=lambda v: None)
    train([course("together", rows, steps), course("played apart", rows[played], share(played)),
           course("written apart", rows[written], share(written)), course("transformer", rows, steps, transformer=True)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("language", "proof", "mapping", "rival"))
    parser.add_argument("-o")
    for name in ("train", "bench", "cache"):
        parser.add_argument("--" + name)
    for name, value in (("steps", 0), ("seeds", 3), ("examples", 0), ("processes", max(1, (os.cpu_count() or 2) - 2))):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    torch.manual_seed(0)
    globals()[options.what](options)


if __name__ == "__main__":
    main()
