#!/usr/bin/env python3
"""Times PyTorch on a GPU at the sizes of Hadal's table: opponents.py [--device cuda:N]. The last line on stdout is JSON:
microseconds per kernel, copy_bandwidth in TB/s, step in tokens per second of torch.compile, and notes.

cuBLAS by torch.matmul, the fastest backend of scaled_dot_product_attention, torch._grouped_mm for the experts. A part that
this PyTorch cannot run is left out, and the note of its name says why; the note of the step says what was compiled.
"""
import argparse
import contextlib
import gc
import json
import sys

import torch
import torch._dynamo
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

import pytorch_model

BATCH, LENGTH = 4, 4096
CONFIG = {"num_attention_heads": 16, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "kv_lora_rank": 512,
          "q_lora_rank": 768, "hidden_size": 1024, "rms_norm_eps": 1e-6, "n_routed_experts": 32, "n_shared_experts": 1,
          "n_group": 8, "topk_group": 4, "num_experts_per_tok": 4, "routed_scaling_factor": 2.5, "moe_intermediate_size": 512,
          "intermediate_size": 4096, "num_hidden_layers": 16, "first_k_dense_replace": 1, "vocab_size": 32768,
          "num_nextn_predict_layers": 1, "rope_theta": 10000}


def time(function, repeat=20):
    """Microseconds of one of `repeat` calls in a row, the best of three rows."""
    for _ in range(3):
        function()
    best = float("inf")
    for _ in range(3):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(repeat):
            function()
        end.record()
        end.synchronize()
        best = min(best, begin.elapsed_time(end) * 1000 / repeat)
    return best


def bf16(*shape):
    return torch.randn(shape, device="cuda", dtype=torch.bfloat16)


def choose_device(name):
    """The ordinal of the GPU that Hadal's programs take: without a number the first of compute capability 9.0, or else the
    first newer one."""
    if ":" in name:
        return torch.device(name).index
    capabilities = [torch.cuda.get_device_capability(ordinal) for ordinal in range(torch.cuda.device_count())]
    newer = [capability for capability in capabilities if capability >= (9, 0)]
    wanted = (9, 0) if (9, 0) in newer else newer[0] if newer else capabilities[0]
    return capabilities.index(wanted)


def products():
    x, w = bf16(8192, 8192), bf16(8192, 8192)
    yield "product", lambda: torch.matmul(x, w.T)


def grouped():
    x, w, g = bf16(16384, 2048), bf16(32, 1024, 2048), bf16(16384, 1024)
    ends = torch.arange(512, 16384 + 1, 512, device="cuda", dtype=torch.int32)
    yield "grouped", lambda: torch._grouped_mm(x, w.transpose(1, 2), offs=ends)
    yield "grouped_rows", lambda: torch._grouped_mm(g, w, offs=ends)
    yield "grouped_weights", lambda: torch._grouped_mm(g.T, x, offs=ends)


def attention():
    """The best times, and by backend and width of the values the time of both passes where both ran."""
    q, k = bf16(2, 16, 4096, 192).requires_grad_(), bf16(2, 16, 4096, 192).requires_grad_()
    best, both = {}, {}
    for backend in (SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION):
        for width in (128, 192):  # values as they are, or padded to the queries' width
            v = bf16(2, 16, 4096, width).requires_grad_()
            try:
                with sdpa_kernel(backend):
                    forward = time(lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True))
                    # A backward pass that this backend lacks does not take this away.
                    best["attention"] = min(best.get("attention", forward), forward)
                    out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
                    gradient = torch.randn_like(out)
                    backward = time(lambda: torch.autograd.grad(out, (q, k, v), gradient, retain_graph=True))
            except RuntimeError as error:
                print(f"{backend}, values of {width}: {first_line(error)}", file=sys.stderr)
                continue
            best["attention_gradient"] = min(best.get("attention_gradient", backward), backward)
            both[backend, width] = forward + backward
    return best, both


def head():
    """The head with its cross entropy and both gradients, as torch.compile fuses it; logits in bf16, the loss in f32."""
    hidden, weight = bf16(BATCH * LENGTH, 1024).requires_grad_(), bf16(32768, 1024).requires_grad_()
    targets = torch.randint(32768, (BATCH * LENGTH,), device="cuda")
    loss = torch.compile(lambda: F.cross_entropy(F.linear(hidden, weight).float(), targets))
    yield "head", lambda: torch.autograd.grad(loss(), (hidden, weight))


def copy_bandwidth():
    source = torch.empty(1 << 28, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / time(lambda: target.copy_(source)) / 1e6


class GroupedMoE(pytorch_model.MoE):
    """The experts as two grouped products over rows sorted by expert."""

    def __init__(self, c):
        nn.Module.__init__(self)
        experts, hidden, width = c["n_routed_experts"], c["hidden_size"], c["moe_intermediate_size"]
        self.gate = pytorch_model.Router(c)
        self.gate_up = nn.Parameter(torch.empty(experts, hidden, 2 * width).normal_(std=0.02))
        self.down = nn.Parameter(torch.empty(experts, width, hidden).normal_(std=0.02))
        self.shared_experts = pytorch_model.GatedMLP(hidden, width * c["n_shared_experts"])
        self.load = None

    def forward(self, x):
        with torch.autocast("cuda", enabled=False):
            chosen, weights, balance = self.gate(x.float())
        rows, k = x.flatten(0, 1), chosen.shape[-1]
        order = chosen.flatten().argsort(stable=True)
        # On CUDA bincount waits for the GPU and breaks the graph of torch.compile.
        self.load = chosen.new_zeros(len(self.down)).scatter_add_(0, chosen.flatten(), torch.ones_like(order))
        ends = self.load.cumsum(0).to(torch.int32)
        sorted_rows = rows.index_select(0, order // k).bfloat16()
        gate, up = torch._grouped_mm(sorted_rows, self.gate_up.bfloat16(), offs=ends).chunk(2, -1)
        served = torch._grouped_mm(F.silu(gate) * up, self.down.bfloat16(), offs=ends)
        place = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))
        picked = served.index_select(0, place).view(-1, k, rows.shape[-1])
        routed = (weights.view(-1, k, 1) * picked).sum(1)
        return routed.view_as(x) + self.shared_experts(x), balance


def keep_recompiling():
    """No frame of a model with many layers is left to eager execution because it was compiled often."""
    for limits in (("recompile_limit", "accumulated_recompile_limit"),
                   ("cache_size_limit", "accumulated_cache_size_limit")):
        if all(hasattr(torch._dynamo.config, limit) for limit in limits):
            for limit in limits:
                setattr(torch._dynamo.config, limit, 1024)
            return


def step_speed(backend, width):
    """Tokens per second of whole training steps, and how often the graph breaks: bf16 autocast, f32 weights, fused AdamW,
    torch.compile."""
    counters = torch._dynamo.utils.counters
    counters.clear()
    pytorch_model.MoE = GroupedMoE
    pytorch_model.Attention.pad_values = width != CONFIG["v_head_dim"]
    with torch.device("cuda"):
        model = pytorch_model.Model(CONFIG, 0)
    for parameter in model.parameters():
        if parameter.ndim >= 2:
            nn.init.normal_(parameter, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    forward = torch.compile(model)
    tokens = torch.randint(CONFIG["vocab_size"], (BATCH, LENGTH + 2), device="cuda")

    def step():
        with torch.autocast("cuda", torch.bfloat16):
            losses = forward(tokens, 0.3, 1e-4)
        losses[0].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        for module in model.modules():
            if hasattr(module, "update_bias"):
                module.update_bias(1e-3)

    # The graph holds the kernels of the backend that is chosen while it is compiled.
    with sdpa_kernel(backend) if backend else contextlib.nullcontext():
        speed = BATCH * LENGTH / time(step, repeat=5) * 1e6
    return speed, dict(counters["graph_break"])


def best_step(both, notes):
    """The speed of the step with the fastest backend for values as they are, or for padded ones, whichever is faster."""
    keep_recompiling()
    candidates = []
    for width in (CONFIG["v_head_dim"], CONFIG["qk_nope_head_dim"] + CONFIG["qk_rope_head_dim"]):
        times = {backend: both[backend, of] for backend, of in both if of == width}
        if times:
            candidates.append((min(times, key=times.get), width))
    best, failures = None, []
    for backend, width in candidates or [(None, CONFIG["v_head_dim"])]:
        name = f"{backend.name if backend else 'default backend'}, values of {width}"
        try:
            speed, breaks = step_speed(backend, width)
        except Exception as error:  # the other one may do
            failures.append(f"{name}: {type(error).__name__}: {first_line(error)}")
            continue
        finally:
            torch.compiler.reset()
            gc.collect()
            torch.cuda.empty_cache()
        print(f"step with {name}: {speed:.0f} tokens/s, graph breaks: {breaks}", file=sys.stderr)
        if best is None or speed > best:
            best, reason = speed, f", the first: {next(iter(breaks)).splitlines()[0]}" if breaks else ""
            notes["step"] = f"{name}; {sum(breaks.values())} graph breaks{reason}"
    if failures:
        notes["step"] = "; ".join([notes["step"]] * ("step" in notes) + failures)
    return best


def first_line(error):
    return (str(error).splitlines() or [""])[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="cuda:N (default: the one that Hadal takes)")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("this PyTorch sees no GPU")
    torch.cuda.set_device(choose_device(arguments.device))
    torch.backends.cuda.matmul.allow_tf32 = True
    results, notes = {}, {}

    def attempt(name, measure):
        try:
            return measure()
        except Exception as error:  # whatever this PyTorch does not have
            notes[name] = f"{type(error).__name__}: {first_line(error)}"
            print(f"{name}: {notes[name]}", file=sys.stderr)
            return None

    for family in (products, grouped, head):
        for name, function in attempt(family.__name__, lambda family=family: list(family())) or []:
            results[name] = attempt(name, lambda function=function: time(function))
    best, both = attempt("attention", attention) or ({}, {})
    results.update(best)
    results["copy_bandwidth"] = attempt("copy_bandwidth", copy_bandwidth)
    torch.cuda.empty_cache()
    results["step"] = attempt("step", lambda: best_step(both, notes))
    print(json.dumps({name: value for name, value in results.items() if value is not None} | {"notes": notes}))


if __name__ == "__main__":
    main()
