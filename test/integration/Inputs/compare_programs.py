"""Compares the phase `kernels` of two programs of one model, and their memory.

usage: compare_programs.py TRAIN.mlir TRAIN.plan EVALUATE.mlir EVALUATE.plan
"""
import pathlib
import re
import sys

MOST = 0.25


def kernels(path):
    """The kernels by their names; a body is what stands between, without locations."""
    text = pathlib.Path(path).read_text()
    found = re.findall(r"^  hadal\.kernel \w+ @(\w+)(.*?)^  }", text, re.S | re.M)
    return {name: re.sub(r" loc\([^\n]*", "", body) for name, body in found}


def memory(path):
    """MiB of the largest arena and of what outlives a run."""
    text = pathlib.Path(path).read_text()
    arena = max(float(number) for number in re.findall(r"arena ([\d.]+) MiB", text))
    persistent = re.search(r"persistent: (.*)", text).group(1)
    sizes = {name: float(number) for name, number in re.findall(r"(\w+) ([\d.]+) MiB", persistent)}
    return arena + sum(sizes.values()), sizes


def main():
    train, evaluate = kernels(sys.argv[1]), kernels(sys.argv[3])
    shared = [name for name in evaluate if name in train]
    names = {body: name for name, body in train.items()}
    renamed = [name for name, body in evaluate.items() if names.get(body, name) != name]
    different = [name for name in shared if train[name] != evaluate[name]]
    assert len(shared) >= 0.8 * len(evaluate), f"only {len(shared)} of {len(evaluate)} kernels are training's as well"
    assert not renamed and not different, (renamed, different)
    (of_train, _), (of_evaluate, sizes) = memory(sys.argv[2]), memory(sys.argv[4])
    assert of_evaluate <= MOST * of_train, f"{of_evaluate} MiB are more than a quarter of {of_train} MiB"
    assert not any(sizes[name] for name in ("gradients", "optimizer", "states")), sizes
    text = pathlib.Path(sys.argv[3]).read_text()
    assert "eh_proj" in text.split("hadal.unread_parameters")[1].split("]")[0]
    assert 'hadal.parameter @"model' not in text or "eh_proj" not in "".join(
        re.findall(r"hadal\.parameter @[^\n]*", text))


if __name__ == "__main__":
    main()
