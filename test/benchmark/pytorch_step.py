#!/usr/bin/env python3
"""The PyTorch opponent: training steps of a Hugging Face directory's model on the CPU.

  pytorch_step.py --make DIR                         writes a random directory of the bench model, with tokens
  pytorch_step.py --load DIR --data FILE.u16 [...]   trains; one JSON line per step on stdout

A line holds step, loss, loss_main, gradient_norm, seconds, tokens_per_second and peak_memory (the process's largest
resident set so far, bytes); the first line, {"ready": ...}, says which form runs and what memory the imports took.
With --serve it runs as many steps as each line on stdin asks for, and ends with the input: so that a benchmark can
interleave it with other programs without paying for start-up or compilation again.

--precision f32, autocast (weights float32, products in bf16) or bf16 (weights, activations and their gradients bf16, with
float32 masters that the optimizer updates and rounds).
"""
import argparse
import json
import pathlib
import resource
import sys
import time

import numpy
import torch

from huggingface_weights import BENCH_CONFIG, load_weights, write_random
from pytorch_model import Block, GatedMLP, Model, Router


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def compile_parts(mode):
    """torch.compile for the parts without data-dependent shapes; the experts' slices change with every step."""
    options = {} if mode == "default" else {"mode": mode}
    Block.attend = torch.compile(Block.attend, dynamic=False, **options)
    Router.forward = torch.compile(Router.forward, dynamic=False, **options)
    GatedMLP.forward = torch.compile(GatedMLP.forward, dynamic=True, **options)


class Masters:
    """float32 copies of bf16 parameters: what the optimizer updates."""

    def __init__(self, parameters):
        self.rounded = list(parameters)
        self.parameters = [parameter.detach().float() for parameter in self.rounded]

    def take_gradients(self):
        for master, parameter in zip(self.parameters, self.rounded):
            master.grad = parameter.grad.float()

    def round(self):
        with torch.no_grad():
            torch._foreach_copy_(self.rounded, self.parameters)
        for parameter in self.rounded:
            parameter.grad = None


class Trainer:
    def __init__(self, arguments):
        config = json.loads((arguments.load / "config.json").read_text())
        config["experts_form"] = arguments.experts
        config["factor"] = torch.float32 if arguments.precision == "f32" else torch.bfloat16
        self.arguments = arguments
        self.model = Model(config, arguments.head_chunk)
        load_weights(self.model, arguments.load)
        parameters, self.masters = list(self.model.parameters()), None
        if arguments.precision == "bf16":
            masters = Masters(parameters)
            self.model.bfloat16()
            for module in self.model.modules():  # selection and its bias stay float32
                if isinstance(module, Router):
                    module.e_score_correction_bias = module.e_score_correction_bias.float()
            self.masters, parameters = masters, masters.parameters
        self.tokens = torch.from_numpy(numpy.fromfile(arguments.data, dtype="<u2").astype("int64"))
        matrices = [p for p in parameters if p.ndim >= 2]
        vectors = [p for p in parameters if p.ndim < 2]
        self.parameters = parameters
        self.optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1},
                                            {"params": vectors, "weight_decay": 0.0}],
                                           lr=arguments.lr, betas=(0.9, 0.95), eps=1e-8, fused=True)
        self.step = 0

    def batch(self):
        length, size = self.arguments.seq_length, self.arguments.micro_batch_size
        span = length + 1 + len(self.model.mtp)
        samples = (len(self.tokens) - span) // length + 1
        starts = [(self.step * size + i) % samples * length for i in range(size)]
        return torch.stack([self.tokens[start:start + span] for start in starts])

    def run_step(self):
        start = time.perf_counter()
        arguments = self.arguments
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "autocast"):
            losses = self.model(self.batch(), arguments.mtp_loss_weight, arguments.balance_loss_weight)
        losses[0].backward()
        if self.masters:
            self.masters.take_gradients()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.masters:
            self.masters.round()
        for module in self.model.modules():
            if hasattr(module, "update_bias"):
                module.update_bias(arguments.router_bias_rate)
        seconds = time.perf_counter() - start
        self.step += 1
        tokens = arguments.seq_length * arguments.micro_batch_size
        print(json.dumps({"step": self.step, "loss": losses[0].item(), "loss_main": losses[1].item(),
                          "gradient_norm": norm.item(), "seconds": seconds, "tokens_per_second": tokens / seconds,
                          "peak_memory": peak_memory()}), flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--load", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--data", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", choices=("no", "default", "max-autotune"), default="no",
                        help="torch.compile the parts with fixed shapes, in that mode")
    parser.add_argument("--precision", choices=("f32", "autocast", "bf16"), default="f32")
    parser.add_argument("--experts", choices=("loop", "grouped", "batched"), default="loop")
    parser.add_argument("--head-chunk", type=int, default=512, help="tokens per chunk of the head; 0: whole logits")
    parser.add_argument("--micro-batch-size", type=int, default=4)
    parser.add_argument("--seq-length", type=int, default=512)
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--mtp-loss-weight", type=float, default=0.3)
    parser.add_argument("--balance-loss-weight", type=float, default=1e-4)
    parser.add_argument("--router-bias-rate", type=float, default=1e-3)
    arguments = parser.parse_args()
    if not arguments.make and not (arguments.load and arguments.data):
        parser.error("give --make, or --load and --data")
    return arguments


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    imported = peak_memory()
    if arguments.make:
        write_random(arguments.make, Model(BENCH_CONFIG, 0))
        return
    if arguments.compile != "no":
        compile_parts(arguments.compile)
    trainer = Trainer(arguments)
    print(json.dumps({"ready": True, "torch": torch.__version__,
                      "threads": torch.get_num_threads(), "memory_of_imports": imported}), flush=True)
    for request in sys.stdin if arguments.serve else [str(arguments.steps)]:
        for _ in range(int(request)):
            trainer.run_step()


if __name__ == "__main__":
    main()
