"""Generates with weights in codes and holds logits against those of a program that has what the codes stand for as f32, and directories
in FP8 against the same weights multiplied out. The codes are made here once more, by the definition alone.

usage: generate_weights.py MODEL SCRATCH_FOLDER   (the tools are found on PATH)
"""
import array
import bisect
import json
import pathlib
import random
import struct
import sys

from evaluate_scores import read_tensors, run

HIDDEN, WIDTH, EXPERTS, VOCABULARY = 301, 270, 6, 2093
LAYER = "model.layers.0"
# Matrices [columns, depth]; those of LAYER that only products read, along their rows.
PROJECTIONS = {f"{LAYER}.self_attn.q_proj.weight": (46, HIDDEN), f"{LAYER}.self_attn.kv_a_proj_with_mqa.weight": (27, HIDDEN),
               f"{LAYER}.self_attn.o_proj.weight": (HIDDEN, 38)}
ROUTED = {f"{LAYER}.mlp.experts.{e}.{name}.weight": shape for e in range(EXPERTS)
          for name, shape in (("gate_proj", (WIDTH, HIDDEN)), ("up_proj", (WIDTH, HIDDEN)), ("down_proj", (HIDDEN, WIDTH)))}
HEAD = {"lm_head.weight": (VOCABULARY, HIDDEN)}
OTHERS = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN), f"{LAYER}.mlp.gate.weight": (EXPERTS, HIDDEN),
          f"{LAYER}.self_attn.kv_b_proj.weight": (72, 21), "model.norm.weight": (HIDDEN,), f"{LAYER}.input_layernorm.weight": (HIDDEN,),
          f"{LAYER}.post_attention_layernorm.weight": (HIDDEN,), f"{LAYER}.self_attn.kv_a_layernorm.weight": (21,)}
# Relative to the largest logit: other orders of the same sums in f32, and factors that are rounded to bf16.
TOLERANCE, ROUNDED = 2e-5, 2e-2


def f32(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def bf16_from_above(number):
    bits, = struct.unpack("I", struct.pack("f", number))
    return struct.unpack("f", struct.pack("I", (bits + 0xffff) & 0xffff0000))[0]


E4M3 = [m * 2.0**-9 if e == 0 else (8 + m) * 2.0**(e - 10) for e in range(16) for m in range(8)][:127]


def e4m3(number):
    """The code of the nearest one, to even among equals."""
    size = min(abs(number), 448.0)
    above = bisect.bisect_left(E4M3, size)
    code = above if above == 0 else min((above - 1, above), key=lambda c: (abs(E4M3[c] - size), c & 1))
    return code | (128 if number < 0 else 0)


def integers(weight, shape, largest):
    """What the codes of groups of 32 stand for."""
    columns, depth = shape
    result = array.array("f", weight)
    for row in range(columns):
        for begin in range(row * depth, (row + 1) * depth, 32):
            group = range(begin, min(begin + 32, (row + 1) * depth))
            most = max(abs(weight[i]) for i in group)
            scale = bf16_from_above(f32(most / largest)) if most else 1.0
            for i in group:
                result[i] = max(-largest, min(largest, round(f32(weight[i] / scale)))) * scale
    return result


def blocks(weight, shape, stretch):
    """Codes, scales, and what they stand for, in f32. The scales are larger than they need to be by `stretch`."""
    columns, depth = shape
    wide = -(-depth // 128)
    scales = [0.0] * (-(-columns // 128) * wide)
    place = lambda i: i // depth // 128 * wide + i % depth // 128
    for i, number in enumerate(weight):
        scales[place(i)] = max(scales[place(i)], abs(number))
    scales = [f32(f32(scale / 448.0) * stretch) if scale else 1.0 for scale in scales]
    codes = bytes(e4m3(f32(number / scales[place(i)])) for i, number in enumerate(weight))
    value = lambda code: E4M3[code & 127] * (-1 if code & 128 else 1)
    return codes, array.array("f", scales), array.array("f", (value(code) * scales[place(i)] for i, code in enumerate(codes)))


def write(folder, tensors, name="model.safetensors"):
    """Tensors: name -> (dtype, shape, bytes)."""
    folder.mkdir(parents=True, exist_ok=True)
    header, offset = {}, 0
    for tensor, (dtype, shape, data) in tensors.items():
        header[tensor] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    (folder / name).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data for _, _, data in tensors.values()))


def write_plain(folder, weights, shapes):
    write(folder, {name: ("F32", shapes[name], bytes(weight)) for name, weight in weights.items()})
    return folder


def write_shards(folder, tensors):
    """Weights and their scales in two files."""
    parts = [{}, {}]
    for i, (name, tensor) in enumerate(tensors.items()):
        parts[i % 2][name] = tensor
    names = [f"model-{i + 1:05}-of-00002.safetensors" for i in range(2)]
    for name, part in zip(names, parts):
        write(folder, part, name)
    index = {"metadata": {}, "weight_map": {tensor: name for name, part in zip(names, parts) for tensor in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def generate(program, weights, work):
    """Logits of all rows that were generated, in a batch of three prompts."""
    source = random.Random(2)
    prompts = [[source.randrange(VOCABULARY) for _ in range(length)] for length in (1, 7, 40)]
    lines, logits = work / "prompts.jsonl", work / "logits"
    lines.write_text("".join(json.dumps({"prompt": prompt, "max_tokens": 4}) + "\n" for prompt in prompts))
    run(program, "--load", weights, "--prompts", lines, "--logits", logits, "--ignore-eos", "-o", work / "out.jsonl")
    tensors = read_tensors(logits)
    return [number for i in range(len(prompts)) for number in tensors[f"{i}.logits"]]


def differing_codes(program, weights, tensors, work):
    """How many codes and scales of a directory a program does not have in memory, bit by bit."""
    kept = work / "kept"
    run(program, "--load", weights, "--save-packed", kept)
    data = (kept / "packed.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    def memory(name, what):
        entry, = (entry for tensor, entry in header.items() if tensor.startswith(f"{name} as {what}"))
        return data[8 + size:][slice(*entry["data_offsets"])]
    differing = 0
    for name, (columns, depth) in PROJECTIONS.items():
        codes, panel = memory(name, "f8E4M3FN"), -(-depth // 32) * 32 * 16
        own = bytes(codes[column // 16 * panel + d * 16 + column % 16] for column in range(columns) for d in range(depth))
        differing += sum(a != b for a, b in zip(own, tensors[name][2], strict=True))
        differing += memory(name, "f32") != tensors[name + "_scale_inv"][2]
    return differing


def compare(what, got, expected, tolerance, exceptions=0):
    """The largest difference in all rows but a few: where experts score nearly alike, rounding chooses others."""
    most = max(map(abs, expected))
    errors = sorted(max(abs(a - b) for a, b in zip(got[i:i + VOCABULARY], expected[i:i + VOCABULARY], strict=True)) / most
                    for i in range(0, len(expected), VOCABULARY))
    error = errors[-1 - exceptions]
    print(f"{what}: off by {error:.1e} of the largest logit{'' if error <= tolerance else ' WRONG'}")


def main():
    model, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    published = work / "published.mlir"
    published.write_text(model.read_text().replace(
        "context_length = 256}", 'context_length = 256, stored_weights = {quant_method = "fp8", fmt = "e4m3", weight_block_size = [128, 128]}}'))
    def compile_program(name, source, *flags):
        run("hadalc", source, "--program=generate", "--max-sequence=64", "--max-batch=3", "--cpu=x86-64-v3", *flags, "-o", work / name)
        return work / name
    source, shapes = random.Random(1), {**PROJECTIONS, **ROUTED, **HEAD, **OTHERS}
    plain = {}
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) == 2 else 1)
        plain[name] = array.array("f", (source.gauss(0, shape[1]**-0.5) for _ in range(count)) if len(shape) == 2 else
                                  (source.uniform(0.8, 1.2) for _ in range(count)))
    # A group of zeros, a whole row of them, and one large number among small ones.
    plain[next(iter(PROJECTIONS))][:64] = array.array("f", [0.0] * 64)
    plain[next(iter(ROUTED))][:HIDDEN] = array.array("f", [0.0] * HIDDEN)
    plain[f"{LAYER}.self_attn.o_proj.weight"][5] = 3.0
    original = write_plain(work / "original", plain, shapes)

    in_f32 = compile_program("f32", model)
    for form, largest in (("int8", 127), ("int4", 7)):
        coded = {**{name: integers(plain[name], shape, 127) for name, shape in {**PROJECTIONS, **HEAD}.items()},
                 **{name: integers(plain[name], shape, largest) for name, shape in ROUTED.items()}}
        expected = generate(in_f32, write_plain(work / f"{form}-multiplied", {**plain, **coded}, shapes), work)
        compare(form, generate(compile_program(form, model, f"--weights={form}", "--check-memory"), original, work), expected, TOLERANCE)
        if form == "int8":
            compare("int8 in bf16", generate(compile_program("bf16", model, "--weights=int8", "--precision=bf16"), original, work), expected, ROUNDED, exceptions=2)

    def in_blocks(stretch):
        tensors, values = {name: ("F32", shapes[name], bytes(weight)) for name, weight in plain.items()}, dict(plain)
        for name, shape in {**PROJECTIONS, **ROUTED}.items():
            codes, scales, values[name] = blocks(plain[name], shape, stretch)
            tensors[name] = ("F8_E4M3", shape, codes)
            tensors[name + "_scale_inv"] = ("F32", tuple(-(-length // 128) for length in shape), bytes(scales))
        return tensors, values
    as_is = compile_program("fp8", published, "--check-memory")
    _, values = in_blocks(1.0)
    compare("fp8 of f32", generate(as_is, original, work), generate(in_f32, write_plain(work / "fp8-of-f32", values, shapes), work), TOLERANCE)
    tensors, values = in_blocks(1.3)
    shards, multiplied = write_shards(work / "shards", tensors), write_plain(work / "fp8-multiplied", values, shapes)
    expected = generate(in_f32, multiplied, work)
    compare("fp8 as it is", generate(as_is, shards, work), expected, TOLERANCE)
    print("codes and scales that differ:", differing_codes(as_is, shards, tensors, work))
    print("a directory in FP8, multiplied out:", "the same bits" if generate(in_f32, shards, work) == expected else "WRONG")
    # What the codes stand for, without scales, is quantized with others.
    again = generate(as_is, multiplied, work)
    print("its scales decide:", "they do" if again != generate(as_is, shards, work) else "WRONG")


if __name__ == "__main__":
    main()
