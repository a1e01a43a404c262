//===- Reductions.cpp - the ways to make a module smaller ---------------------------------------------------------===//
//
// From the large to the small: whole functions and kernels, layers, operations with what hangs on them, results and
// arguments of functions, attributes.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-reduce/Reductions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace hadal;

namespace {

std::vector<Edit> listSymbols(ModuleOp module) {
  std::vector<Edit> edits;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != module && isa<SymbolOpInterface>(op) && SymbolTable::getNearestSymbolTable(op->getParentOp()))
      edits.push_back([op](Editor &editor) { return editor.takeAwaySymbol(op); });
  });
  return edits;
}

std::vector<Edit> listLayers(ModuleOp module) {
  std::vector<Edit> edits;
  module.walk<WalkOrder::PreOrder>([&](StackOpInterface stack) {
    if (stack.getEnd() > stack.getStart() + 1)
      edits.push_back([stack](Editor &editor) { return editor.leaveOneLayer(stack); });
  });
  return edits;
}

/// Last operations first: what uses a value goes before what makes it.
std::vector<Edit> listOperations(ModuleOp module) {
  std::vector<Edit> edits;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != module && !isa<SymbolOpInterface>(op) && !op->hasTrait<OpTrait::IsTerminator>())
      edits.push_back([op](Editor &editor) { return editor.takeAway(op); });
  });
  std::reverse(edits.begin(), edits.end());
  return edits;
}

template <typename Callback> void forEachFunction(ModuleOp module, Callback callback) {
  module.walk([&](FunctionOpInterface function) {
    if (isa<func::FuncOp, KernelOp>(*function) && !function.isExternal())
      callback(function);
  });
}

/// The last one first, so that the numbers of those before it stay.
std::vector<Edit> listResults(ModuleOp module) {
  std::vector<Edit> edits;
  forEachFunction(module, [&](FunctionOpInterface function) {
    for (unsigned index = function.getNumResults(); index-- > 0;)
      edits.push_back([function, index](Editor &editor) { return editor.takeAwayResult(function, index); });
  });
  return edits;
}

std::vector<Edit> listArguments(ModuleOp module) {
  std::vector<Edit> edits;
  forEachFunction(module, [&](FunctionOpInterface function) {
    for (unsigned index = function.getNumArguments(); index-- > 0;)
      edits.push_back([function, index](Editor &editor) { return editor.takeAwayArgument(function, index); });
  });
  return edits;
}

std::vector<Edit> listLosses(ModuleOp module) {
  std::vector<Edit> edits;
  module.walk([&](LossesOp losses) {
    for (unsigned index = losses->getNumOperands(); index-- > 1;)
      edits.push_back([losses, index](Editor &editor) { return editor.takeAwayLoss(losses, index); });
  });
  return edits;
}

/// Attributes that an operation need not have: those of no dialect's definition, and the large ones among the optional.
std::vector<Edit> listAttributes(ModuleOp module) {
  constexpr StringLiteral optional[] = {"arg_attrs", "res_attrs", "parts",     "configuration",
                                        "tied",      "placement", "workspace", "workspace_placement"};
  std::vector<Edit> edits;
  auto add = [&](Operation *op, StringAttr name) {
    edits.push_back([op, name](Editor &editor) { return editor.takeAwayAttribute(op, name); });
  };
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (NamedAttribute attribute : op->getDiscardableAttrDictionary())
      add(op, attribute.getName());
    if (isa<FunctionOpInterface, LaunchOp>(op))
      for (NamedAttribute attribute : op->getAttrs())
        if (llvm::is_contained(optional, attribute.getName().getValue()))
          add(op, attribute.getName());
  });
  return edits;
}

constexpr EditLister listers[] = {listSymbols,   listLayers, listOperations, listResults,
                                  listArguments, listLosses, listAttributes};

} // namespace

ArrayRef<EditLister> hadal::getReductions() { return listers; }
