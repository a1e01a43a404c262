"""Mutations of JSON, as values and as text: config.json, index files, headers of safetensors, trainer.json."""
import copy
import json

from . import edges

RAW = ["NaN", "Infinity", "-Infinity", "1e400", "-0", "01", "1.", "0x10", "[" * 70 + "]" * 70, '{"a":' * 200 + "1" + "}" * 200,
       "[" * 100000, '"\\ud800"', '"\\u0000"', '"\xff"', "'text'", "tru", "undefined", "1e-400", "123456789012345678901234567890"]


def _places(value, found, depth=0):
    """Every (container, key) in a value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            found.append((value, key))
            _places(inner, found, depth + 1)
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            found.append((value, key))
            _places(inner, found, depth + 1)
    return found


def _other(random, value):
    """Something else in the place of a value."""
    way = random.randrange(10)
    if way < 4 and isinstance(value, int) and not isinstance(value, bool):
        return edges.near(random, value)
    if way < 4 and isinstance(value, float):
        return random.choice([value * 2, -value, value / 3, 0.0])
    if way < 6:
        return edges.integer(random) if random.random() < 0.7 else random.choice(edges.REALS)
    return random.choice([None, True, False, "", random.choice(edges.STRINGS), [], {}, [value], {"a": value}, str(value),
                          float(value) if isinstance(value, int) and abs(value) < 1e300 else 0.5])


def _edit(random, root, others):
    places = _places(root, [])
    if not places:
        return
    container, key = random.choice(places)
    way = random.randrange(12)
    if way < 6:
        container[key] = _other(random, container[key])
    elif way < 8:
        del container[key]
    elif way == 8:
        other = random.choice(others)
        theirs = _places(other, [])
        if theirs:
            source, name = random.choice(theirs)
            target = name if isinstance(container, dict) and isinstance(name, str) else key
            container[target] = copy.deepcopy(source[name])
    elif way == 9:
        source, name = random.choice(places)
        container[key] = copy.deepcopy(source[name])
    elif way == 10 and isinstance(container, dict):
        container[random.choice(["extra", "", key + "_", key.upper(), *edges.STRINGS])] = container.pop(key)
    else:
        container[key] = _other(random, container[key])


def mutate(random, text, others):
    """JSON text, changed; `others` are values of the same kind. Returns bytes."""
    way = random.random()
    if way < edges.UNCHANGED:
        return text.encode()
    if way > 0.9:
        return edges.mutate_bytes(random, text.encode())
    root = json.loads(text)
    for _ in range(random.choice([1, 1, 1, 2, 3, 6])):
        _edit(random, root, others)
    compact = (",", ":") if "\n" not in text else None
    changed = json.dumps(root, ensure_ascii=random.random() < 0.5, separators=compact)
    if random.random() < 0.15:
        # What no writer of JSON writes: a raw word for some value, or a field that is there twice.
        marker = "\x00raw"
        container, key = random.choice(_places(root, []) or [([None], 0)])
        container[key] = marker
        raw = json.dumps(root, separators=compact)
        changed = raw.replace(json.dumps(marker), random.choice(RAW), 1)
        if random.random() < 0.3 and isinstance(container, dict):
            changed = raw.replace(json.dumps(marker), f"1, {json.dumps(key)}: 2", 1)
    return changed.encode("latin-1" if "\xff" in changed and random.random() < 0.5 else "utf-8", "replace")
