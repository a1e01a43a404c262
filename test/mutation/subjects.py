"""What is mutated: for every kind of file, where the originals come from and which commands read a mutant.

A case is a folder with the mutant and the commands that are run on it, one after the other while they end well. Commands are
relative to that folder, so that a kept case can be run where it lies.
"""
import dataclasses
import json
import pathlib
import re
import shutil
import struct

from . import edges, ir, json_text, safetensors
from .tools import IR_PLACE, JSON_PLACE, WEIGHTS_PLACE

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SMALL_SHAPE = ["--micro-batch-size=1", "--seq-length=4"]
PHASES = ["program", "kernels", "target", "host"]
# Programs grow with the depth of a model; deeper ones take longer than a mutant may.
DEEPEST = 100


@dataclasses.dataclass
class Command:
    arguments: list
    documented: tuple = (0, 1)
    place: re.Pattern = IR_PLACE
    refusal_is_fault: bool = False  # whether the input must be accepted


@dataclasses.dataclass
class Case:
    main: str  # the mutant's file, within the folder
    files: dict  # {name: bytes}
    commands: list


def _fragments(paths):
    """The modules in test files, which `// -----` divides, without their comments."""
    found = []
    for path in paths:
        for part in path.read_text().split("// -----"):
            text = re.sub(r"^\s*//.*\n", "", part, flags=re.MULTILINE).strip()
            if text:
                found.append(text + "\n")
    return found


class Subject:
    """A kind of file. `prepare` may start tools; `make` must depend on the random numbers alone."""

    def __init__(self, tools, scratch):
        self.tools, self.scratch = tools, pathlib.Path(scratch)

    def prepare(self):
        pass

    def _must(self, arguments):
        result = self.tools.run(arguments)
        if result.code != 0:
            raise RuntimeError(f"{' '.join(map(str, arguments))} ended with {result.how}:\n{result.errors}")


def _is_deep(text):
    """Whether a model, as written, has a stack of more layers than a mutant has time for."""
    return any(int(end) - int(start) > DEEPEST for start, end in re.findall(rb"(-?\d+) to (-?\d+)", text))


class Models(Subject):
    name = "model"

    def prepare(self):
        paths = [REPOSITORY / "models/tiny.mlir", REPOSITORY / "test/integration/Inputs/small.mlir",
                 REPOSITORY / "test/tools/hadalc/Inputs/dense.mlir", REPOSITORY / "test/mutation/Inputs/mixture.mlir"]
        self.models = [text for path in paths for text in _fragments([path])]
        self.others = self.models + _fragments(sorted((REPOSITORY / "test/passes").rglob("*.mlir")))

    def make(self, random):
        text = ir.mutate(random, random.choice(self.models), self.others)
        phase = random.choice(["program", "program", "program", "kernels", "kernels", "host"])
        options = [f"--compile-to={phase}"]
        if random.random() < 0.2:
            options.append("--precision=bf16")
        if phase != "program":
            gpu = random.random() < 0.3
            options += ["--target=sm_90a"] if gpu else ["--cpu=" + random.choice(["x86-64", "x86-64-v3", "x86-64-v4"])]
            options += ["--emulate"] if gpu and phase == "host" else []
        command = Command(["hadalc", "model.mlir", *SMALL_SHAPE, *options, "-o", "/dev/null"])
        if _is_deep(text):
            command = Command(["hadal-opt", "model.mlir", "--hadal-check-model", "-o", "/dev/null"])
        return Case("model.mlir", {"model.mlir": text}, [command])


class Phases(Subject):
    name = "phase"

    def prepare(self):
        self.phases = []  # (phase, target, text)
        for target, options in ("cpu", ["--cpu=x86-64-v3"]), ("sm_90a", ["--target=sm_90a"]):
            for model, last in ("test/mutation/Inputs/mixture.mlir", 2), ("test/tools/hadalc/Inputs/dense.mlir", 4):
                self._dump(REPOSITORY / model, target, options, PHASES[:min(last, 4 if target == "cpu" else 3)])
        self.texts = {phase: [text for name, _, text in self.phases if name == phase] for phase in PHASES}

    def _dump(self, source, target, options, phases):
        model, before, arguments = source.stem, "model", SMALL_SHAPE
        for phase in phases:
            located, file = self.scratch / "located.mlir", self.scratch / f"{model}-{target}-{phase}.mlir"
            self._must(["hadalc", str(source), f"--compile-from={before}", f"--compile-to={phase}", *arguments, *options, "-o",
                        str(located)])
            # Without locations a message names the mutant.
            self._must(["hadal-opt", str(located), "--strip-debuginfo", "-o", str(file)])
            self.phases.append((phase, target, file.read_text()))
            source, before, arguments = file, phase, []

    def make(self, random):
        phase, target, text = random.choice([entry for entry in self.phases for _ in range(4 if len(entry[2]) < 100000 else 1)])
        text = ir.mutate(random, text, self.texts[phase])
        last = "target" if target != "cpu" else "host"
        command = Command(["hadalc", "phase.mlir", f"--compile-from={phase}", f"--compile-to={last}", "-o", "/dev/null"])
        return Case("phase.mlir", {"phase.mlir": text}, [command])


class Passes(Subject):
    """Any module in any pass: test inputs and phases through one to three passes that nobody ordered."""
    name = "pass"
    OPTIONS = {"hadal-close-shapes": "micro-batch-size=1 seq-length=4",
               "hadal-model-to-program": "program=train micro-batch-size=1 seq-length=4"}
    # What computes in float64 takes as long as the numbers in the file say.
    COMPUTING = ("hadal-evaluate", "hadal-check-gradients", "hadal-check-decompositions", "hadal-check-training-step")

    def prepare(self):
        self.passes = self._list_passes()
        paths = [path for path in sorted((REPOSITORY / "test").rglob("*.mlir")) if "fixtures" not in path.parts]
        self.texts = [text for text in _fragments(paths) if len(text) < 30000]

    def _list_passes(self):
        self._must(["hadal-opt", "--help"])
        names = re.findall(r"^\s+--(hadal-[a-z-]+)", (self.tools.scratch / "stdout").read_text(), re.MULTILINE)
        passes = sorted(set(names) - set(self.COMPUTING))
        if len(passes) < 10:
            raise RuntimeError("hadal-opt --help lists no passes")
        return [*passes, "canonicalize", "cse"]

    def make(self, random):
        text = random.choice(self.texts)
        text = ir.mutate(random, text, self.texts) if random.random() < 0.8 else text.encode()
        names = [random.choice(self.passes) for _ in range(random.choice([1, 1, 1, 2, 3]))]
        if _is_deep(text):
            names = ["hadal-check-model"]
        passes = [f"--{name}" + (f"={self.OPTIONS[name]}" if name in self.OPTIONS else "") for name in names]
        command = Command(["hadal-opt", "module.mlir", *passes, "-o", "/dev/null"])
        return Case("module.mlir", {"module.mlir": text}, [command])


class Configurations(Subject):
    name = "config"

    def prepare(self):
        paths = sorted((REPOSITORY / "test/fixtures/cases").glob("*/config.json"))
        self.texts = [path.read_text() for path in paths]
        self.values = [json.loads(text) for text in self.texts]

    def make(self, random):
        text = json_text.mutate(random, random.choice(self.texts), self.values)
        read = Command(["hadal-import", ".", "-o", "imported.mlir"], place=JSON_PLACE)
        # What is accepted has to compile.
        compile = Command(["hadalc", "imported.mlir", *SMALL_SHAPE, "--compile-to=kernels", "--cpu=x86-64-v3", "-o", "/dev/null"],
                          refusal_is_fault=True)
        depths = re.findall(rb'"num_(?:hidden|nextn_predict)_layers": *(\d+)', text)
        commands = [read] if any(int(depth) > DEEPEST for depth in depths) else [read, compile]
        return Case("config.json", {"config.json": text}, commands)


class Weights(Subject):
    name = "weights"

    def prepare(self):
        self.program = self.scratch / "train"
        self._must([str(self.tools.folder / "hadalc"), str(REPOSITORY / "test/mutation/Inputs/mixture.mlir"), *SMALL_SHAPE,
                    "--cpu=x86-64", "-o", str(self.program)])
        self.text = bytes(range(32, 127)) * 20
        (self.scratch / "text.txt").write_bytes(self.text)
        saved = self.scratch / "saved"
        self._must([str(self.program), *self._options(2), "--data", str(self.scratch / "text.txt"), "--save", str(saved)])
        self.files = {path.name: path.read_bytes() for path in sorted((saved / "step-2").iterdir())}
        self.shards = safetensors.shard(self.files["model.safetensors"])

    @staticmethod
    def _options(steps):
        return ["--lr", "0.01", "--threads", "1", "--steps", str(steps)]

    def make(self, random):
        resumed = random.random() < 0.4
        files = dict(self.files)
        if not resumed and random.random() < 0.4:
            del files["model.safetensors"]
            files.update(self.shards)
        names = [name for name in files if resumed or not name.startswith(("optimizer", "trainer"))]
        for _ in range(random.choice([1, 1, 1, 2])):
            name = random.choice([name for name in names if name in files])
            files[name] = self._mutate(random, name, files[name])
            if random.random() < 0.03:
                del files[name]
                break
        if resumed and random.random() < 0.7:
            files["trainer.json"] = self._with_sizes(files)
        folder = "saved/step-2" if resumed else "weights"
        options = ["--save", "saved", "--resume"] if resumed else ["--load", "weights"]
        # 2: a checkpoint of another run than the command line says; 4 and 5: training with such weights failed.
        command = Command([str(self.program), *self._options(3), "--data", "text.txt", *options], (0, 1, 2, 4, 5), WEIGHTS_PLACE)
        files = {f"{folder}/{name}": data for name, data in files.items()}
        return Case(folder, dict(files, **{"text.txt": self.text}), [command])

    @staticmethod
    def _mutate(random, name, data):
        try:
            if name.endswith(".safetensors"):
                return safetensors.mutate(random, data)
            text = data.decode()
            return json_text.mutate(random, text, [json.loads(text)])
        except (ValueError, RecursionError, struct.error):  # it was broken before
            return edges.mutate_bytes(random, data)

    @staticmethod
    def _with_sizes(files):
        """The trainer's state with the sizes that the mutated files have, so that more than their lengths is looked at."""
        try:
            state = json.loads(files["trainer.json"])
            for name in state["files"]:
                state["files"][name] = len(files[name])
            return json.dumps(state).encode()
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
            return files.get("trainer.json", b"")


SUBJECTS = [Models, Phases, Passes, Configurations, Weights]


def write(case, folder):
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
