"""originals.py TOOLS: what test/mutate makes its mutants of is accepted, so that refusals come from the mutations."""
import pathlib
import random
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from mutation import edges, faults, subjects  # noqa: E402
from mutation.tools import Limits, Tools  # noqa: E402

edges.UNCHANGED = 1
with tempfile.TemporaryDirectory() as scratch:
    tools = Tools(sys.argv[1], scratch, Limits())
    for kind in subjects.Models, subjects.Phases, subjects.Configurations:
        subject = kind(tools, scratch)
        subject.prepare()
        for number in range(3):
            case, folder = subject.make(random.Random(number)), pathlib.Path(scratch) / "case"
            subjects.write(case, folder)
            fault, accepted = faults.examine(tools, case, folder)
            if fault or not accepted:
                sys.exit(f"{kind.name} {number} is not accepted: {case.commands}\n{(pathlib.Path(scratch) / 'stderr').read_text()}")
    tools.close()
