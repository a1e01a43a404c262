"""Prints modules that are written well and make no sense, separated by `// -----`."""

HEAD = "!tokens = tensor<?x?xi32>\n!hidden = tensor<?x?x8xf32>\n"
LINEAR = '  %y = hadal.linear %x "w" : !hidden -> !hidden\n'
ENTRY_POINTS = ["accumulate", "gradient_norm", "update", "evaluate", "forward"]
KINDS = ["contraction", "attention", "rowwise", "head", "reduction", "routing", "update"]
MATRIX = "tensor<2x4xf32>"


def layer(name, body=LINEAR, visibility="private ", signature="(%x: !hidden) -> !hidden", end="return %y : !hidden"):
    return f"func.func {visibility}@{name}{signature} {{\n{body}  {end}\n}}\n"


def model(layers="@f", name="m", before="", head="head"):
    return f"""hadal.model @{name}(%window: !tokens) {{
  %t = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %n = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %t "embedding" {{vocabulary = 16}} : !tokens -> !hidden
{before}  %h = hadal.layers %x "layers" 0 to 2 {{{layers}}} : !hidden
  %loss = hadal.cross_entropy %h, %n "{head}" {{vocabulary = 16}} : !hidden, !tokens
  hadal.losses main(%loss)
}}
"""


def kernel(kind, signature, body="", name="k"):
    return f"hadal.kernel {kind} @{name}{signature} {{\n{body}}}\n"


def function(signature, body, name="g"):
    return f"func.func @{name}{signature} {{\n{body}}}\n"


def names():
    """Names that a program gives to functions, and symbols that stand beside a model."""
    for name in ENTRY_POINTS:
        yield layer(name, visibility="") + model(f"@{name}")
        yield layer("f") + model(name=name)
        yield layer("f") + model(head=name)
        yield layer("f") + model() + f"hadal.state @{name} : tensor<4xf32>\n"
    yield layer("f") + model() + model(name="second")
    yield layer("f") + model() + "hadal.parameter @head ones : tensor<4xf32>\n"
    yield layer("f") + model() + kernel("rowwise", f"(%x: {MATRIX}) -> {MATRIX}", f"  hadal.yield %x : {MATRIX}\n")
    yield "module @inner {\n" + layer("f") + model() + "}\n"


def functions():
    """Layer functions and bodies of models that are no straight-line code, and functions that nobody uses."""
    yield layer("f", visibility="") + model()
    yield "func.func private @f(!hidden) -> !hidden\n" + model()
    yield layer("f", "  cf.br ^end\n^end:\n", end="return %x : !hidden") + model()
    yield layer("f", "  %c = arith.constant true\n  %y = scf.if %c -> !hidden {\n"
                     '    %z = hadal.linear %x "w" : !hidden -> !hidden\n    scf.yield %z : !hidden\n'
                     "  } else {\n    scf.yield %x : !hidden\n  }\n") + model()
    yield layer("f", "  %y = func.call @f(%x) : (!hidden) -> !hidden\n") + model()
    yield layer("f") + layer("g") + model(before="  %z = func.call @g(%x) : (!hidden) -> !hidden\n")
    yield layer("f", '  %y = "unknown.op"(%x) : (!hidden) -> !hidden\n') + model()
    yield layer("f", "", end='"unknown.end"(%x) : (!hidden) -> ()') + model()
    yield layer("f", "", end="ub.unreachable") + model()
    yield layer("f", "", signature="(%x: !hidden)", end="return") + model()
    yield layer("f") + model(before='  %z = hadal.layers %x "others" 5 to 7 {@f, @f} : !hidden\n')
    yield layer("f") + function("(%a: memref<4xf32>, %b: index, %c: tensor<*xf32>, %d: f32) -> f32", "  return %d : f32\n") + model()


def operations():
    """Generic forms with operands and attributes missing or of another kind; shapes of every sort."""
    for text in [
        '"hadal.linear"() : () -> ()',
        f'"hadal.rms_norm"(%x) : ({MATRIX}) -> {MATRIX}',
        f'"hadal.rms_norm"(%x) {{eps = 1 : i32}} : ({MATRIX}) -> {MATRIX}',
        f'"hadal.rms_norm"(%x) {{eps = 1.0e-6, parameters = [1]}} : ({MATRIX}) -> {MATRIX}',
        f'"hadal.split"(%x) : ({MATRIX}) -> ()',
        f'"hadal.concat"() : () -> {MATRIX}',
        f'"hadal.layers"(%x) {{prefix = "a", start = 0, end = 2}} : ({MATRIX}) -> {MATRIX}',
        f'"hadal.layers"(%x) {{prefix = "a", start = 0, end = 2, functions = [@g::@h]}} : ({MATRIX}) -> {MATRIX}',
        f'"hadal.launch"(%x) {{kernel = @nope}} : ({MATRIX}) -> {MATRIX}',
        f'"hadal.yield"(%x) : ({MATRIX}) -> ()',
        '"hadal.kernel"() ({}) {sym_name = "k", function_type = () -> (), kind = 0 : i32} : () -> ()',
        '"hadal.model"() ({}) {sym_name = "k", function_type = (tensor<?x?xi32>) -> ()} : () -> ()',
        '"hadal.parameter"() {sym_name = "k", type = i32, initializer = 0 : i32} : () -> ()',
        f'"hadal.router"(%x) {{score_function = 7 : i32, top_k = 1}} : ({MATRIX}) -> (tensor<2x1xi32>, tensor<2x1xf32>, tensor<4xf32>)',
    ]:
        yield function(f"(%x: {MATRIX})", f"  {text}\n  return\n")
    for shape in ["", "0x4x", "2x0x", "?x?x?x", "1048576x1048576x1048576x1048576x"]:
        t = f"tensor<{shape}f32>"
        for text in [
            f'%y = hadal.rms_norm %x "w" {{eps = 1.0e-6}} : {t}',
            f'%y = hadal.linear %x "w" : {t} -> {t}',
            f'%y = hadal.gated_mlp %x "w" {{width = 4}} : {t}',
            f"%y = hadal.swiglu %x, %x : {t}",
            f"%y = hadal.squared_norm %x : {t}",
            f"%y = arith.addf %x, %x : {t}",
            f'%y = hadal.mla_attention %x, %x "a", "b" {{heads = 8, nope = 32, value = 32, eps = 1.0e-6, '
            f"rope = #hadal.rope<theta = 1.0e4, dim = 16>}} : {t}, {t} -> {t}",
            f'%y:3 = hadal.router sigmoid %x "b" {{top_k = 1}} : {t} -> tensor<2x1xi32>, tensor<2x1xf32>, tensor<4xf32>',
            f'%y = hadal.mtp_merge %x, %x "a", "b", "c" {{eps = 1.0e-6}} : {t}',
        ]:
            yield function(f"(%x: {t})", f"  {text}\n  return\n")


def kernels():
    """Kernels of every kind with bodies that are none, and launches of kernels."""
    same = f"(%x: {MATRIX}) -> {MATRIX}"
    for kind in KINDS:
        yield kernel(kind, same, f"  hadal.yield %x : {MATRIX}\n")
        yield kernel(kind, f"(%x: {MATRIX})", "  hadal.yield\n")
        yield kernel(kind, "(%x: memref<2x4xf32>, %y: index) -> index", "  hadal.yield %y : index\n")
        yield kernel(kind, same, f'  %y = hadal.rms_norm %x "w" {{eps = 1.0e-6}} : {MATRIX}\n  hadal.yield %y : {MATRIX}\n')
        yield kernel(kind, "(%x: tensor<?x4xf32>) -> tensor<?x4xf32>",
                     "  %y = arith.addf %x, %x : tensor<?x4xf32>\n  hadal.yield %y : tensor<?x4xf32>\n")
    body = f"  hadal.yield %x : {MATRIX}\n"
    launch = f"  %y = hadal.launch @k(%x) : ({MATRIX}) -> {MATRIX}\n  return\n"
    far = ("{workspace = 9223372036854775807 : i64, workspace_placement = 9223372036854775744 : i64, "
           "placement = array<i64: 9223372036854775744>}")
    yield kernel("rowwise", same + " attributes {workspace = -5 : i64}", body) + function(
        f"(%x: {MATRIX})", launch.replace(" :", f" {far} :", 1))
    yield kernel("rowwise", same + " attributes {configuration = {}}", body) + function(
        f"(%x: {MATRIX} {{hadal.state = 5}})", launch)


def entry_points():
    """Entry points whose roles mean nothing and whose values are no tensors of numbers, and a module that says nothing."""
    norm = "  %y = hadal.squared_norm %x : tensor<2x4xf32>\n"
    unknown = f"(%x: {MATRIX} {{hadal.parameter = @nope}})"
    forward = function(unknown + ' -> (tensor<f32> {hadal.result = "loss.main"})', norm + "  return %y : tensor<f32>\n", "forward")
    yield forward
    yield forward + function(unknown, "  return\n", "accumulate")
    yield function(f"(%x: {MATRIX}) -> tensor<f32>", norm + "  return %y : tensor<f32>\n", "forward") + function(
        f"(%x: {MATRIX})", "  return\n", "accumulate")
    yield function(f"(%x: {MATRIX})", "  return\n", "forward") + f"func.func private @accumulate({MATRIX})\n"
    yield function(f'(%x: {MATRIX}) -> ({MATRIX} {{hadal.result = "loss.main"}})',
                   f"  cf.br ^end\n^end:\n  return %x : {MATRIX}\n", "forward")
    yield function(f"(%x: {MATRIX}) -> ({MATRIX} {{hadal.tied = -1 : index}})", f"  return %x : {MATRIX}\n")
    yield function(f"(%x: {MATRIX}) -> ({MATRIX} {{hadal.tied = 0 : index}}, {MATRIX} {{hadal.tied = 0 : index}})",
                   f"  %y = arith.addf %x, %x : {MATRIX}\n  %z = arith.mulf %x, %x : {MATRIX}\n"
                   f"  return %y, %z : {MATRIX}, {MATRIX}\n")
    yield function(f"(%x: {MATRIX}, %c: i1) -> {MATRIX}", f"  %y = arith.select %c, %x, %x : {MATRIX}\n  return %y : {MATRIX}\n")
    yield function(f"(%x: {MATRIX}) -> (tensor<2x4xi1>, tensor<2x4xi32>, tensor<2x4xi32>)",
                   f"  %y = arith.cmpf olt, %x, %x : {MATRIX}\n  %i = arith.fptosi %x : {MATRIX} to tensor<2x4xi32>\n"
                   "  return %y, %i, %i : tensor<2x4xi1>, tensor<2x4xi32>, tensor<2x4xi32>\n")
    yield function("(%x: tensor<2x4xindex>, %z: tensor<2xcomplex<f32>>) -> tensor<2x4xindex>",
                   "  %y = arith.addi %x, %x : tensor<2x4xindex>\n  return %y : tensor<2x4xindex>\n")
    yield function("(%x: tensor<2xf32>) -> tensor<2xf32>",
                   "  %y = arith.constant dense<[1.0, 0x7F800000]> : tensor<2xf32>\n"
                   "  %z = arith.addf %x, %y : tensor<2xf32>\n  return %z : tensor<2xf32>\n")
    yield ('module attributes {hadal.tokens_ahead = "x", hadal.vocabulary = 0, hadal.buffer_alignment = 3, '
           'hadal.target = 7, hadal.program = 1, hadal.precision = 2} {\n'
           "  func.func @e() {\n    return\n  }\n}\n")


modules = [HEAD + text for group in (names(), functions()) for text in group]
modules += [text for group in (operations(), kernels(), entry_points()) for text in group]
print("// -----\n".join(modules))
