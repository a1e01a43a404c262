"""Reads TensorBoard's event files of a folder from their definition and compares them with the JSON lines of the run.

check_tensorboard.py FOLDER LOG.jsonl. A file is a sequence of TFRecords: the length (8 bytes), its masked CRC-32C, the
data, theirs. The data are protocol buffers of the message Event: wall_time = 1 (double), step = 2 (varint),
file_version = 3, summary = 5; a Summary holds values = 1, each with tag = 1 and simple_value = 2 (float).
"""

import json
import pathlib
import struct
import sys

TAGS = {"loss/total": "loss", "loss/main": "loss_main", "loss/mtp": "loss_mtp", "loss/balance": "loss_balance",
        "loss/validation": "validation_loss", "optimizer/learning_rate": "learning_rate",
        "optimizer/gradient_norm": "gradient_norm", "speed/tokens_per_second": "tokens_per_second"}


def masked_crc32c(data):
    """CRC-32C bit by bit (reversed polynomial 0x82f63b78), rotated and offset as TFRecord has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    while data:
        length, length_crc = struct.unpack_from("<QI", data)
        content, content_crc = data[12:12 + length], struct.unpack_from("<I", data, 12 + length)[0]
        if masked_crc32c(data[:8]) != length_crc or masked_crc32c(content) != content_crc:
            sys.exit("a checksum is wrong")
        yield content
        data = data[16 + length:]


def varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def fields(message):
    """(number, value) of every field of a message."""
    position = 0
    while position < len(message):
        key, position = varint(message, position)
        kind = key & 7
        if kind == 0:
            value, position = varint(message, position)
        elif kind == 1:
            value, position = struct.unpack_from("<d", message, position)[0], position + 8
        elif kind == 2:
            length, position = varint(message, position)
            value, position = message[position:position + length], position + length
        elif kind == 5:
            value, position = struct.unpack_from("<f", message, position)[0], position + 4
        else:
            sys.exit(f"wire type {kind}")
        yield key >> 3, value


def scalars(event):
    """{tag: value} of an event with a summary."""
    values = [dict(fields(value)) for number, value in fields(dict(fields(event)).get(5, b"")) if number == 1]
    return {value[1].decode(): value[2] for value in values}


file, = pathlib.Path(sys.argv[1]).glob("*tfevents*")
first, *events = records(file.read_bytes())
if dict(fields(first))[3] != b"brain.Event:2":
    sys.exit("the first event does not hold the version of the file")
lines = [json.loads(line) for line in pathlib.Path(sys.argv[2]).read_text().splitlines()]
if [dict(fields(event))[2] for event in events] != [line["step"] for line in lines]:
    sys.exit("the steps differ from the log")
for event, line in zip(events, lines):
    expected = {tag: line[name] for tag, name in TAGS.items() if name in line}
    actual = scalars(event)
    if actual.keys() != expected.keys():
        sys.exit(f"the tags are {sorted(actual)}")
    for tag, value in expected.items():
        if abs(actual[tag] - value) > 1e-6 * abs(value):
            sys.exit(f"{tag} is {actual[tag]}, {value} in the log")
print(f"{len(events)} events of {len(TAGS)} scalars")
