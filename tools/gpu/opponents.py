#!/usr/bin/env python3
"""Times PyTorch on the GPU at the sizes of Hadal's table; the last line on stdout is JSON: microseconds per kernel,
copy_bandwidth in TB/s, and step in tokens per second of torch.compile.

cuBLAS by torch.matmul, the fastest backend of scaled_dot_product_attention, torch._grouped_mm for the experts. A part that
this PyTorch cannot run is said on stderr and left out.
"""
import json
import sys

import torch
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
    q, k = bf16(2, 16, 4096, 192).requires_grad_(), bf16(2, 16, 4096, 192).requires_grad_()
    best = {}
    for backend in (SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION):
        for width in (128, 192):  # values as they are, or padded to the queries' width
            v = bf16(2, 16, 4096, width).requires_grad_()
            try:
                with sdpa_kernel(backend):
                    forward = time(lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True))
                    out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
                    gradient = torch.randn_like(out)
                    backward = time(lambda: torch.autograd.grad(out, (q, k, v), gradient, retain_graph=True))
            except RuntimeError as error:
                print(f"{backend}, values of {width}: {str(error).splitlines()[0]}", file=sys.stderr)
                continue
            best["attention"] = min(best.get("attention", forward), forward)
            best["attention_gradient"] = min(best.get("attention_gradient", backward), backward)
    return best


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
        self.load = torch.bincount(chosen.flatten(), minlength=len(self.down))
        ends = self.load.cumsum(0).to(torch.int32)
        sorted_rows = rows.index_select(0, order // k).bfloat16()
        gate, up = torch._grouped_mm(sorted_rows, self.gate_up.bfloat16(), offs=ends).chunk(2, -1)
        served = torch._grouped_mm(F.silu(gate) * up, self.down.bfloat16(), offs=ends)
        place = torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))
        picked = served.index_select(0, place).view(-1, k, rows.shape[-1])
        routed = (weights.view(-1, k, 1) * picked).sum(1)
        return routed.view_as(x) + self.shared_experts(x), balance


def step_speed():
    """Tokens per second of whole training steps: bf16 autocast, f32 weights, fused AdamW, torch.compile."""
    torch.set_default_device("cuda")
    pytorch_model.MoE = GroupedMoE
    model = pytorch_model.Model(CONFIG, 0)
    for parameter in model.parameters():
        if parameter.ndim >= 2:
            nn.init.normal_(parameter, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    forward = torch.compile(model)
    tokens = torch.randint(CONFIG["vocab_size"], (BATCH, LENGTH + 2))

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

    return BATCH * LENGTH / time(step, repeat=5) * 1e6


def attempt(name, measure):
    try:
        return measure()
    except Exception as error:  # whatever this PyTorch does not have
        print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", file=sys.stderr)
        return None


def main():
    if not torch.cuda.is_available():
        sys.exit("this PyTorch sees no GPU")
    torch.backends.cuda.matmul.allow_tf32 = True
    results = {}
    for family in (products, grouped):
        for name, function in attempt(family.__name__, lambda family=family: list(family())) or []:
            results[name] = attempt(name, lambda function=function: time(function))
    results.update(attempt("attention", attention) or {})
    results["copy_bandwidth"] = attempt("copy", copy_bandwidth)
    torch.cuda.empty_cache()
    results["step"] = attempt("step", step_speed)
    print(json.dumps({name: value for name, value in results.items() if value is not None}))


if __name__ == "__main__":
    main()
