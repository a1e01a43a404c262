"""Checks the scores of a text line by line: which bytes are scored, where documents begin, and what the log adds up to.

usage: check_scores.py TEXT SCORES.safetensors LOG.jsonl
"""
import array
import json
import math
import pathlib
import sys


def main():
    text, data = pathlib.Path(sys.argv[1]).read_bytes(), pathlib.Path(sys.argv[2]).read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    codes = {"F32": "f", "I32": "i", "I64": "q"}
    scores, targets, documents = (
        list(array.array(codes[header[name]["dtype"]], data[8 + size:][slice(*header[name]["data_offsets"])]))
        for name in ("log_probabilities", "targets", "documents"))
    lines = [line for line in text.splitlines(keepends=True)]
    assert bytes(targets) == b"".join(line[1:] for line in lines), bytes(targets)
    assert documents == [sum(len(line) - 1 for line in lines[:i]) for i in range(len(lines) + 1)], documents
    whole, by_line = (json.loads(line) for line in pathlib.Path(sys.argv[3]).read_text().splitlines())
    loss = -math.fsum(scores) / len(scores)
    assert math.isclose(by_line["loss"], loss, rel_tol=1e-12), (by_line, loss)
    assert math.isclose(by_line["perplexity"], math.exp(loss)) and by_line["tokens"] == len(scores)
    assert math.isclose(by_line["bits_per_byte"], loss / math.log(2)) and by_line["documents"] == len(lines)
    assert by_line["loss_whole_batches"] is None and whole["loss_whole_batches"] > 0, (whole, by_line)


if __name__ == "__main__":
    main()
