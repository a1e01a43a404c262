"""The matrix products of a compiled program: what they are (from the kernels phase), how long they took (from a trace
of one step), and how long a library takes for the same: OpenBLAS in f32, PyTorch's oneDNN in bf16.

The products are timed where they run, inside a training step, with whatever was fused to them; the library gets the
same shapes, transpositions and accumulation (beta = 1 where the kernel adds to a gradient) on warm operands, and for
the experts' products one call per expert with equal shares of the rows.
"""
import collections
import ctypes
import dataclasses
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import time

_KERNEL = re.compile(r"hadal\.kernel\s+\w+\s+(?:private\s+|public\s+)?@(\"[^\"]+\"|[\w$.-]+)")
_LAUNCH = re.compile(r"hadal\.launch\s+@(\"[^\"]+\"|[\w$.-]+)")
_PRODUCT = re.compile(r"hadal\.(linear|matmul|grouped_matmul|grouped_outer_product)\b.*")
_TENSOR = re.compile(r"tensor<((?:\d+x)*)\w+[>,]")


@dataclasses.dataclass(frozen=True)
class Product:
    """`count` products C[m, n] (+)= op(A) op(B) over k."""

    kernel: str
    what: str
    m: int
    n: int
    k: int
    count: int
    transpose_a: bool
    transpose_b: bool
    accumulate: bool

    @property
    def flops(self):
        return 2 * self.m * self.n * self.k * self.count

    @property
    def is_grouped(self):
        return self.what.startswith("experts'")


def _shapes(text):
    return [[int(size) for size in match.group(1).split("x") if size] for match in _TENSOR.finditer(text)]


def _product(kernel, body):
    """The product that a kernel's body holds, or None."""
    match = _PRODUCT.search(body)
    if not match:
        return None
    line, what = match.group(0), match.group(1)
    accumulate = "arith.addf" in body or "hadal.accumulate" in body
    shapes = _shapes(line)
    result = shapes[-1]
    rows = math.prod(result[:-1])
    if what == "linear":
        return Product(kernel, "x Wᵀ", rows, result[-1], shapes[-2][-1], 1, False, True, accumulate)
    if what == "matmul":
        lhs = shapes[-3]
        transpose_a, transpose_b = "transpose_lhs" in line, "transpose_rhs" in line
        k = math.prod(lhs[:-1]) if transpose_a else lhs[-1]
        return Product(kernel, "dyᵀ x" if transpose_a else "dy W", rows, result[-1], k, 1, transpose_a, transpose_b,
                       accumulate)
    lhs, rhs = next((a, b) for a, b in zip(shapes[-4:], shapes[-3:]) if len(a) >= 2)
    if what == "grouped_matmul":
        transposed = "transpose_rhs" in line
        return Product(kernel, "experts' x Wᵀ" if transposed else "experts' dy W", lhs[0] // rhs[0], result[-1], lhs[1],
                       rhs[0], False, transposed, accumulate)
    experts, m, n = result
    return Product(kernel, "experts' dyᵀ x", m, n, lhs[0] // experts, experts, True, False, accumulate)


def parse_kernels(text):
    """The products among the kernels of a textual kernels phase, and how often each kernel is launched per entry point
    call: ({kernel name: Product}, Counter)."""
    starts = [(match.start(), match.group(1).strip('"')) for match in _KERNEL.finditer(text)]
    products = {}
    for (start, name), (end, _) in zip(starts, starts[1:] + [(len(text), "")]):
        entry = text.find("func.func", start, end)
        product = _product(name, text[start:entry if entry > 0 else end])
        if product:
            products[name] = product
    # A trace holds one training step: forward and backward, then the update, but no evaluation.
    step = re.sub(r"func\.func @evaluate\b.*?(?=\n  func\.func |\Z)", "", text, flags=re.DOTALL)
    return products, collections.Counter(match.group(1).strip('"') for match in _LAUNCH.finditer(step))


def kernel_seconds(trace_file, kernels, launches):
    """Mean seconds of one launch of every kernel, all its stages together, from a Chrome trace of one step.

    A launch's slices, one per thread, count from the first thread's begin to the last one's end.
    """
    spans = {}
    for event in json.loads(trace_file.read_text())["traceEvents"]:
        if event["ph"] != "X":
            continue
        key = (event["cat"], event["args"]["command"])
        begin, end = event["ts"], event["ts"] + event["dur"]
        name, first, last = spans.get(key, (event["name"], begin, end))
        spans[key] = (name, min(first, begin), max(last, end))
    names = sorted(kernels, key=len, reverse=True)
    total = collections.Counter()
    for name, begin, end in spans.values():
        kernel = next((kernel for kernel in names if name.startswith(kernel)), None)
        if kernel:
            total[kernel] += (end - begin) / 1e6
    return {kernel: seconds / launches[kernel] for kernel, seconds in total.items() if launches[kernel]}


class OpenBLAS:
    """cblas_sgemm of libopenblas, with buffers of its own."""

    def __init__(self, threads):
        try:
            self.library = ctypes.CDLL("libopenblas.so.0")
        except OSError:
            sys.exit("error: libopenblas.so.0 is missing; install Debian's libopenblas0-pthread")
        self.library.openblas_set_num_threads(threads)
        for name in ("openblas_get_config", "openblas_get_corename"):
            getattr(self.library, name).restype = ctypes.c_char_p
        self.buffers = {}

    def description(self):
        version = self.library.openblas_get_config().decode().split(" NO_")[0].strip()
        return f"{version} for {self.library.openblas_get_corename().decode()}"

    def _buffer(self, role, count):
        if len(self.buffers.get(role, ())) < count:
            self.buffers[role] = (ctypes.c_float * count)(*([0.5] * count))
        return self.buffers[role]

    def seconds(self, product, repetitions=5):
        """The median time of one launch's worth of products."""
        m, n, k, count = product.m, product.n, product.k, product.count
        a, b, c = (self._buffer(role, size * count) for role, size in (("a", m * k), ("b", n * k), ("c", m * n)))
        times = []
        for _ in range(repetitions + 1):
            start = time.perf_counter()
            for i in range(count):
                self.library.cblas_sgemm(
                    101, 112 if product.transpose_a else 111, 112 if product.transpose_b else 111, m, n, k,
                    ctypes.c_float(1), ctypes.byref(a, 4 * i * m * k), m if product.transpose_a else k,
                    ctypes.byref(b, 4 * i * n * k), k if product.transpose_b else n,
                    ctypes.c_float(1 if product.accumulate else 0), ctypes.byref(c, 4 * i * m * n), n)
            times.append(time.perf_counter() - start)
        return statistics.median(times[1:])


class OneDNN:
    """Products in bf16 of PyTorch, in a process of its own that waits while others have their turn."""

    def __init__(self, python, threads):
        script = pathlib.Path(__file__).resolve().parent / "pytorch_products.py"
        self.process = subprocess.Popen([python, script, "--threads", str(threads)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self._description = self._read()["description"]

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("error: pytorch_products.py ended early")
        return json.loads(line)

    def description(self):
        return self._description

    def seconds(self, product):
        """The median time of one launch's worth of products."""
        self.process.stdin.write(json.dumps(dataclasses.asdict(product)) + "\n")
        self.process.stdin.flush()
        return self._read()["seconds"]
