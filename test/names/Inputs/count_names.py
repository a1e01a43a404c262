"""Counts where the compiler asks for an operation by name instead of by an interface: count_names.py REPOSITORY

For codegen/ and passes/ it prints every such place and how many there are, and fails where there are more than the bound.
An operation that is defined elsewhere takes part in everything only as far as nothing asks for others by name.

A place is `isa`, `cast`, `dyn_cast` and their kin, getDefiningOp, getParentOfType, getOps, `.Case` and `walk` with the class
of an operation, or a string that is the name of one of the dialect's. Creating an operation is none; nor is asking for those
that make up the structure of a module: the module itself, models, functions, kernels and their launches, parameters and
states, terminators, and what LLVM's and the GPU's dialects have of these. passes/HuggingFace (which writes and reads models
of one family) and the lowering of the dialects ptx and tile (codegen/{NVPTX,Tile}/Lower*, codegen/Emulator) are exempt: names are
their subject.
"""

import pathlib
import re
import sys

# Most places, by folder. What is left: in passes, the router whose load is balanced.
bounds = {"codegen": 0, "passes": 1}
exempt = ("passes/HuggingFace/", "codegen/Emulator/", "codegen/NVPTX/Lower", "codegen/Tile/Lower")
structural = set("""ModuleOp ModelOp FuncOp KernelOp LaunchOp ParameterOp StateOp ReturnOp YieldOp LossesOp
    GPUModuleOp BinaryOp LLVMFuncOp GlobalOp""".split())

casts = (r"isa|isa_and_nonnull|isa_and_present|cast|cast_or_null|cast_if_present|dyn_cast|dyn_cast_or_null|dyn_cast_if_present|"
         r"getDefiningOp|getParentOfType|getOps|IsaPred|Case")
asked = re.compile(rf"\b(?:{casts})\s*<([^<>()]*)>"
                   r"|\b(?:walk|Case)\s*(?:<[^<>]*>)?\(\s*\[[^\]]*\]\s*\(([^()]*)\)"
                   r"|\b([\w:]+)::getOperationName\(\)")
operation = re.compile(r"\b\w+Op\b")
mnemonic = re.compile(r'^def \w+ : \w+<"(\w+)"', flags=re.MULTILINE)
text_of_comments = re.compile(r"//[^\n]*")


def find_places(text, names):
    """(offset, what is asked for) for every place in a file."""
    text = text_of_comments.sub(lambda match: " " * len(match[0]), text)
    for match in asked.finditer(text):
        classes = operation.findall(match[1] or match[2] or match[3])
        if any(name not in structural for name in classes):
            yield match.start(), re.sub(r"\s+", " ", match[0])
    for match in re.finditer(r'"hadal\.(\w+)"', text):
        if match[1] in names:
            yield match.start(), match[0]


def main(repository):
    names = {name for file in (repository / "dialect/IR").glob("*.td") for name in mnemonic.findall(file.read_text())}
    names -= {"model", "kernel", "launch", "parameter", "state", "yield", "losses"}
    if len(names) < 30:
        sys.exit(f"found only {len(names)} operations in dialect/IR/*.td")
    failed = False
    for folder, bound in bounds.items():
        count = 0
        for file in sorted(repository.glob(f"{folder}/**/*")):
            path = str(file.relative_to(repository))
            if file.suffix not in (".h", ".cpp") or path.startswith(exempt):
                continue
            text = file.read_text()
            for offset, place in find_places(text, names):
                print(f"{path}:{text.count(chr(10), 0, offset) + 1}: {place}")
                count += 1
        print(f"{folder}: {count} places ask for an operation by name, at most {bound} may")
        failed |= count > bound
    if failed:
        sys.exit("ask for an interface of dialect/Interfaces/HadalInterfaces.td instead, or give the operations one")


main(pathlib.Path(sys.argv[1]))
