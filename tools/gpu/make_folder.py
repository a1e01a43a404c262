#!/usr/bin/env python3
"""Builds the folder of tools/gpu-check: make_folder.py --tools BUILD/bin --output FOLDER [--part PART]...

Compiles, on this machine and for sm_90a: a program of single kernels for each set below, with operands, reference values
and what the emulator computes; the kernels of timing.mlir; models/tiny.mlir for CPU and GPU; models/v3_1b.mlir. Adds the
scripts that a machine with a GPU runs. What cannot be compiled is named, and makes the folder incomplete: exit status 1.
"""
import argparse
import gzip
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
TARGET, HOST = "sm_90a", "x86-64-v3"
LIMIT = 60 * 10**6
# The kernels that the tests hold against the reference evaluator, f32 and bf16, small enough for compute-sanitizer; and
# every kernel of a small model. Those with tensors in a layout are for CPUs.
SETS = sorted(str(path.relative_to(REPOSITORY / "test/codegen").with_suffix(""))
              for target in ("CPU", "GPU") for path in (REPOSITORY / "test/codegen" / target).glob("*.mlir")
              if "hadal-check-kernels %s" in path.read_text() and "#hadal.encoding<layout" not in path.read_text()) + ["model"]
PARTS = ("kernels", "timing", "tiny", "step")


OPTIONS = ["--compile-from=kernels", f"--target={TARGET}"]


class Failure(Exception):
    pass


def prefix_names(text, prefix):
    """Puts the prefix before every symbol, alias and state of a module as hadal-opt prints it."""
    text = re.sub(r"@(\w+)", rf"@{prefix}\1", text)
    text = re.sub(r'hadal\.state = "', rf'hadal.state = "{prefix}', text)
    for alias in re.findall(r"^([#!]\w+) = ", text, re.MULTILINE):
        text = re.sub(re.escape(alias) + r"\b", f"{alias[0]}{prefix}{alias[1:]}", text)
    return text


class Maker:
    def __init__(self, tools, output):
        self.tools, self.output, self.work = tools, output, output.parent / (output.name + ".work")
        self.missing, self.texts = {}, []
        self.manifest = {"target": TARGET, "sets": [], "parts": [], "missing": self.missing}
        for folder in (output, self.work):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for name in ("bin", "data"):
            (output / name).mkdir()

    def call(self, *command):
        command = [str(part) for part in command]
        command[0] = str(self.tools / command[0]) if "/" not in command[0] else command[0]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        except OSError as error:
            raise Failure(f"{command[0]}: {error.strerror}") from error
        if done.returncode != 0:
            errors = [line for line in done.stdout.splitlines() if "error:" in line or "FAIL" in line]
            raise Failure(errors[0] if errors else f"exit status {done.returncode} of {' '.join(command)}")
        return done.stdout

    def attempt(self, name, make):
        print(f"==> {name}", file=sys.stderr, flush=True)
        try:
            make()
        except Failure as failure:
            self.missing[name] = str(failure)
            print(f"    cannot be built: {failure}", file=sys.stderr)

    def compile(self, source, program, *options):
        """hadalc, and nothing but what runs in the program."""
        path = self.output / "bin" / program
        self.call("hadalc", source, *options, "-o", path)
        strip = shutil.which("llvm-strip-22") or shutil.which("llvm-strip") or shutil.which("strip")
        if strip:
            self.call(strip, path)
        # PTX is text, and most of a program: packed, it is a quarter.
        with gzip.GzipFile(f"{path}.gz", "wb", mtime=0) as packed:
            packed.write(path.read_bytes())
        path.unlink()

    def select(self, source, name, options=""):
        """Configures kernels for the GPU."""
        kernels = self.work / f"{name}-selected.mlir"
        self.call("hadal-opt", source, "--mlir-print-op-on-diagnostic=false",
                  f"--hadal-select-strategies=target={TARGET} cpu=x86-64 {options}", "-o", kernels)
        return kernels

    def plan(self, source, name):
        """Plans the memory of configured kernels."""
        planned = self.work / f"{name}.mlir"
        self.call("hadal-opt", source, "--mlir-print-op-on-diagnostic=false", "--hadal-plan-memory=alignment=256", "-o", planned)
        return planned

    def launch(self, source, name):
        """The source's kernels, each with an entry point."""
        launched = self.work / f"{name}-launched.mlir"
        self.call("hadal-opt", source, "--mlir-print-op-on-diagnostic=false", "--hadal-fuse", "--hadal-launch-kernels",
                  "-o", launched)
        return launched

    def model(self):
        """A whole training program in bf16, whose kernels have what fusion puts before and behind them."""
        program = self.work / "program.mlir"
        self.call("hadalc", REPOSITORY / "test/integration/Inputs/small.mlir", "--micro-batch-size=2", "--seq-length=11",
                  "--precision=bf16", "--compile-to=program", "-o", program)
        return program

    def kernels(self, source):
        """Cases of a set, and what the emulator makes of them."""
        name = source.replace("/", "_").replace("-", "_").lower()
        source = self.model() if source == "model" else REPOSITORY / "test/codegen" / f"{source}.mlir"
        launched = self.launch(source, name)
        # As the test has it: a GPU with few multiprocessors takes large tiles for small matrices.
        few = re.search(r"--(multiprocessors=\d+)", source.read_text())
        text = prefix_names(self.select(launched, name, few[1] if few else "").read_text(), name + "__")
        renamed = self.work / f"{name}-renamed.mlir"
        renamed.write_text(text)
        planned = self.plan(renamed, name)
        cases, emulated = self.output / f"data/{name}.safetensors", self.work / name
        self.call("hadalc", planned, *OPTIONS, "--emulate", f"--cpu={HOST}", "-o", emulated)
        # Operands follow from the kernels' own names: those that the tests give them, too.
        self.call("hadal-kernel-cases", launched, f"--prefix={name}__", "-o", cases)
        self.call(emulated, "--cases", cases, "--results", self.output / f"data/{name}-emulated.safetensors")
        self.manifest["sets"].append(name)
        self.texts.append(text)

    def program_of_kernels(self):
        """One program of all sets: the runtime in it is larger than the kernels."""
        aliases, bodies = [], []
        for text in self.texts:
            header = re.search(r"^module.*\{\n", text, re.MULTILINE)
            aliases.append(text[:header.start()])
            bodies.append(text[header.end():text.rindex("}")])
        merged = self.work / "merged.mlir"
        merged.write_text("".join([*aliases, 'module attributes {hadal.program = "kernels"} {\n', *bodies, "}\n"]))
        self.compile(self.plan(merged, "kernels"), "kernels", *OPTIONS)

    def timing(self):
        kernels = self.plan(self.select(self.launch(HERE / "timing.mlir", "timing"), "timing"), "timing")
        self.call("hadal-kernel-cases", kernels, "--integers-only", "-o", self.output / "data" / "timing.safetensors")
        self.compile(kernels, "timing", *OPTIONS)

    def tiny(self):
        shape = ["--micro-batch-size=4", "--seq-length=256"]
        model = REPOSITORY / "models/tiny.mlir"
        self.compile(model, "tiny-cpu", f"--cpu={HOST}", *shape)
        self.compile(model, "tiny-gpu", f"--target={TARGET}", "--precision=bf16", *shape)

    def step(self):
        self.compile(REPOSITORY / "models/v3_1b.mlir", "step", f"--target={TARGET}", "--precision=bf16",
                     "--micro-batch-size=4", "--seq-length=4096")

    def scripts(self):
        for script in (HERE / "run", HERE / "opponents.py", HERE / "README.md",
                       REPOSITORY / "test/benchmark/pytorch_model.py"):
            shutil.copy(script, self.output)
        path = self.output / "run"
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        # Text to train on: the documentation, which is there and is English.
        text = "".join(page.read_text() for page in sorted((REPOSITORY / "docs").rglob("*.md")))
        text = text.encode("ascii", "ignore")
        (self.output / "data/text.txt").write_bytes(text)
        # For a model that is not of bytes, whose step is only timed: the same bytes as token ids.
        (self.output / "data/text.u16").write_bytes(b"".join(bytes([byte, 0]) for byte in text))

    def finish(self):
        (self.output / "manifest.json").write_text(json.dumps(self.manifest, indent=2) + "\n")
        shutil.rmtree(self.work)
        size = sum(path.stat().st_size for path in self.output.rglob("*") if path.is_file())
        print(f"{self.output}: {size / 1e6:.1f} MB, {len(self.manifest['sets'])} sets of kernels", flush=True)
        if size > LIMIT:
            sys.exit(f"error: {self.output} has {size} bytes, more than {LIMIT}")
        if self.missing:
            sys.exit(f"error: the folder lacks {', '.join(self.missing)}: the first because {next(iter(self.missing.values()))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--part", action="append", choices=PARTS, help="only these (default: all)")
    parser.add_argument("--set", action="append", choices=SETS, help="only these sets of kernels (default: all)")
    arguments = parser.parse_args()
    maker = Maker(arguments.tools.resolve(), arguments.output.resolve())
    parts = arguments.part or PARTS
    maker.manifest["parts"] = list(parts)
    if "kernels" in parts:
        for source in arguments.set or SETS:
            maker.attempt(f"kernels of {source}", lambda source=source: maker.kernels(source))
        if maker.texts:
            maker.attempt("the program of kernels", maker.program_of_kernels)
    for part, make in (("timing", maker.timing), ("tiny", maker.tiny), ("step", maker.step)):
        if part in parts:
            maker.attempt(part, make)
    maker.scripts()
    maker.finish()


if __name__ == "__main__":
    os.umask(0o022)
    main()
