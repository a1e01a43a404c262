//===- Edits.h - taking parts out of a module ---------------------------------------------------------------------===//
//
// The edits from which reductions are made. None of them asks whether what remains is valid: the reducer does.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_HADALREDUCE_EDITS_H
#define HADAL_TOOLS_HADALREDUCE_EDITS_H

#include "dialect/IR/Hadal.h"
#include "mlir/IR/BuiltinOps.h"

namespace hadal {

/// Edits one module. An operation that is taken away stays in memory as long as the editor, so that a list of
/// candidates made before may still name it; every edit of such an operation fails.
class Editor {
public:
  explicit Editor(mlir::ModuleOp module) : module(module) {}
  Editor(const Editor &) = delete;
  ~Editor();

  /// Takes an operation away. Another value of the same type stands in for each result that is used: an operand, else
  /// an earlier value of the block; where there is none, the users go too, or zero stands in where that would take a
  /// terminator. Fails where there is no zero either.
  mlir::LogicalResult takeAway(mlir::Operation *op);
  /// Takes a function, kernel, parameter, ... away with what names it: calls and launches; stacks of layers only forget
  /// it, and go with their last function.
  mlir::LogicalResult takeAwaySymbol(mlir::Operation *symbol);
  /// Takes a result of a function or kernel away, there and at its launches, or a loss at its stacks of layers.
  mlir::LogicalResult takeAwayResult(mlir::FunctionOpInterface function, unsigned index);
  /// Takes an argument of a function or kernel away, there and at its launches; a value of its type stands in for it.
  mlir::LogicalResult takeAwayArgument(mlir::FunctionOpInterface function, unsigned index);
  /// Leaves one layer of a stack.
  mlir::LogicalResult leaveOneLayer(StackOpInterface stack);
  /// Takes the loss that is an operand, not the first one, from the list that ends a model.
  mlir::LogicalResult takeAwayLoss(LossesOp losses, unsigned operand);
  mlir::LogicalResult takeAwayAttribute(mlir::Operation *op, mlir::StringAttr name);

private:
  bool isAttached(mlir::Operation *op) const { return module->isProperAncestor(op); }
  void unlink(mlir::Operation *op);
  mlir::Value findSubstitute(mlir::Value value, llvm::function_ref<bool(mlir::Operation *)> isTaken);
  /// The users of a symbol, each once; nothing where they cannot be told.
  std::optional<llvm::SetVector<mlir::Operation *>> findUsers(mlir::Operation *symbol);
  /// The users of a function that are stacks of layers; fails if there are others than those and launches.
  mlir::LogicalResult findUsers(mlir::Operation *symbol, llvm::SmallVectorImpl<StackOpInterface> &stacks,
                                llvm::SmallVectorImpl<LaunchOp> &launches);
  /// Writes an operation anew without some of its results, whose uses are replaced.
  mlir::LogicalResult takeAwayResults(mlir::Operation *op, const llvm::BitVector &gone);
  mlir::LogicalResult forgetFunction(StackOpInterface stack, mlir::StringRef name);

  mlir::ModuleOp module;
  llvm::SmallVector<mlir::Operation *> taken;
};

/// Zero of a type, or null where the type has none that is known.
mlir::Value makeZero(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, bool isLLVM);

} // namespace hadal

#endif // HADAL_TOOLS_HADALREDUCE_EDITS_H
