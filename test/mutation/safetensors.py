"""Mutations of safetensors files and of the folders they lie in."""
import json
import struct

from . import edges, json_text


def split(data):
    """Header and data of a well-formed file."""
    length = struct.unpack("<Q", data[:8])[0]
    return data[8:8 + length].decode(), data[8 + length:]


def join(header, data, length=None):
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def mutate(random, data):
    """A file with another header, another length of it, or another number of bytes behind it."""
    header, values = split(data)
    way = random.randrange(10)
    if way == 0:
        return edges.mutate_bytes(random, data[:len(header) + 8]) + values
    if way == 1:
        return join(header.encode(), values, abs(edges.near(random, len(header))) if random.random() < 0.5 else
                    edges.integer(random) % 2**64)
    if way == 2:
        return data[:random.randrange(len(data) + 1)] + (b"" if random.random() < 0.5 else b"\0" * random.randrange(100))
    if way == 3:
        return join(header.encode(), edges.mutate_bytes(random, values))
    root = json.loads(header)
    return join(json_text.mutate(random, header, [root]), values)


def shard(data):
    """The same tensors as two shards and an index: {name: bytes}."""
    header, values = split(data)
    root = json.loads(header)
    root.pop("__metadata__", None)
    names = sorted(root)
    files, weights = {}, {}
    for number, part in enumerate([names[::2], names[1::2]], start=1):
        file, offset, entries, chunks = f"model-{number:05}-of-00002.safetensors", 0, {}, []
        for name in part:
            begin, end = root[name]["data_offsets"]
            chunks.append(values[begin:end])
            entries[name] = dict(root[name], data_offsets=[offset, offset + end - begin])
            offset += end - begin
            weights[name] = file
        files[file] = join(json.dumps(entries).encode(), b"".join(chunks))
    index = {"metadata": {"total_size": len(values)}, "weight_map": weights}
    files["model.safetensors.index.json"] = json.dumps(index, indent=2).encode()
    return files
