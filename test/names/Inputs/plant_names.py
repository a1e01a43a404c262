"""Writes a file that asks for operations by name in every way, and otherwise does not: plant_names.py FOLDER"""

import pathlib
import sys

(pathlib.Path(sys.argv[1]) / "planted.cpp").write_text("""bool a = isa<hadal::LinearOp>(op);
auto b = dyn_cast_or_null<arith::AddFOp>(op);
auto c = value.getDefiningOp<SplitOp>();
module.walk([&](RopeOp rope) { use(rope); });
llvm::TypeSwitch<Operation *>(op).Case<RMSNormOp, SwiGLUOp>([](auto op) {});
for (auto router : function.getOps<RouterOp>())
  if (op->getName().getStringRef() == "hadal.linear")
    create<LinearOp>(builder), cast<KernelOpInterface>(op), isa<func::FuncOp, KernelOp>(op), name("hadal.parameter");
// isa<LinearOp> is the subject of this comment.
""")
