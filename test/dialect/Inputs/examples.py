"""The examples in the descriptions of the operations, as a file for hadal-opt: examples.py FOLDER OUTPUT

An example stands in a block of MLIR in the description of its operation and must hold that operation. Values that it does
not define are declared in a comment at its head, `// %x: tensor<4x8xf32>, %y: ...`: what follows the comment is then the
body of a function with these arguments. Prints how many examples there are, and which operations are in none.
"""

import pathlib
import re
import sys
import textwrap

folder, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
parts, names = [], []
for file in sorted(folder.glob("*.td")):
    for name, body in re.findall(r'^def Hadal_\w+ : \w+<"([a-z_]+)"(.*?)^}$', file.read_text(), re.M | re.S):
        names.append(name)
        for block in re.findall(r"^    ```mlir\n(.*?)^    ```\n", body, re.M | re.S):
            example = textwrap.dedent(block)
            if f"hadal.{name} " not in example:
                sys.exit(f"{file}: the example of hadal.{name} does not hold it")
            if declared := re.search(r"^// (%.*)\n", example, re.M):
                head, statements = example[:declared.start()], example[declared.end():]
                example = f"{head}func.func @{name}({declared[1]}) {{\n{statements}return\n}}\n"
            parts.append(example)
text = "\n// -----\n".join(parts)
output.write_text(text)
missing = [name for name in names if not re.search(rf"hadal\.{name}\b", text)]
print(f"{len(parts)} examples; operations without: {', '.join(missing) or 'none'}")
