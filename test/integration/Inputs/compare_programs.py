"""Compares the kernels of two programs of one model, as fusion makes them and as the phase `kernels` holds them, and their memory.

usage: compare_programs.py TRAIN EVALUATE, where each names the files NAME.fused, NAME.mlir and NAME.plan

Of the phase `kernels` at least all that `evaluate` does not read packed is training's.
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


def compare(train, evaluate):
    """Fails unless most kernels of `evaluate` are kernels of `train`, and those of one name or one body the same."""
    shared = [name for name in evaluate if name in train]
    names = {body: name for name, body in train.items()}
    renamed = [name for name, body in evaluate.items() if names.get(body, name) != name]
    different = [name for name in shared if train[name] != evaluate[name]]
    assert len(shared) >= 0.8 * len(evaluate), f"only {len(shared)} of {len(evaluate)} kernels are training's as well"
    assert not renamed and not different, (renamed, different)


def main():
    train, evaluate = sys.argv[1:]
    compare(kernels(train + ".fused"), kernels(evaluate + ".fused"))
    packed = {name: body for name, body in kernels(evaluate + ".mlir").items() if "#hadal.encoding" in body}
    rest = {name: body for name, body in kernels(evaluate + ".mlir").items() if name not in packed}
    compare(kernels(train + ".mlir"), rest)
    # What reads a packed parameter is a kernel that fusion made to read rows.
    readers = [name for name in packed if "_packed_" in name]
    assert readers and all(name.split("_packed_")[0] in kernels(evaluate + ".fused") for name in readers), readers
    (of_train, _), (of_evaluate, sizes) = memory(train + ".plan"), memory(evaluate + ".plan")
    assert of_evaluate <= MOST * of_train, f"{of_evaluate} MiB are more than a quarter of {of_train} MiB"
    assert not any(sizes[name] for name in ("gradients", "optimizer", "states")), sizes
    text = pathlib.Path(evaluate + ".mlir").read_text()
    assert "eh_proj" in text.split("hadal.unread_parameters")[1].split("]")[0]
    assert 'hadal.parameter @"model' not in text or "eh_proj" not in "".join(
        re.findall(r"hadal\.parameter @[^\n]*", text))


if __name__ == "__main__":
    main()
