"""The continuations of generate.test: check_continuations.py CONTINUED.jsonl FIRST.txt"""
import json
import sys

lines = [json.loads(line) for line in open(sys.argv[1])]
first = open(sys.argv[2], "rb").read()[:-1]
assert [line.get("id") for line in lines] == ["a", None, [1]], lines
assert "id" not in lines[1]
assert bytes(lines[0]["tokens"]) == first and lines[0]["text"] == first.decode("utf-8", "replace"), lines[0]
assert [len(line["tokens"]) for line in lines] == [30, 3, 1], lines
assert all(line["finish_reason"] == "length" for line in lines), lines
