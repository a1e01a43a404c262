//===- EntryPoint.h - functions whose arguments and results have roles --------------------------------------------===//
//
// An entry point of a program is a func.func in which an attribute says what every argument and result is: a parameter,
// a gradient, an input, a scalar the runtime sets, a result it reads (dialect/IR/Words.h). Its name is its role.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_TRANSFORMS_ENTRYPOINT_H
#define HADAL_PASSES_TRANSFORMS_ENTRYPOINT_H

#include "passes/Passes.h"

namespace hadal {

/// The entry point of the role; null when the module has none.
mlir::func::FuncOp findEntry(mlir::ModuleOp module, EntryRole role);

/// The signature and body of an entry point while it changes. The function has no terminator and an outdated type until
/// finish() writes both, so adding an argument costs the same however many there are.
class EntryPoint {
public:
  /// Starts an empty function.
  EntryPoint(mlir::OpBuilder &builder, mlir::Location loc, EntryRole role);
  /// Opens an existing one.
  explicit EntryPoint(mlir::func::FuncOp function);

  mlir::BlockArgument addArgument(mlir::Type type, ArgumentRole role, mlir::Attribute value, mlir::Location loc);
  /// A tensor<f32> that the runtime sets.
  mlir::BlockArgument addScalar(llvm::StringRef name, mlir::Location loc);
  /// A tensor that the runtime reads.
  void addResult(llvm::StringRef name, mlir::Value value);
  /// A packed form of a parameter (a symbol).
  void addPacked(mlir::FlatSymbolRefAttr parameter, mlir::Value value);
  /// The new value of an argument, which takes the argument's place in memory.
  void addUpdate(mlir::BlockArgument argument, mlir::Value value);

  /// The value that is returned under the given name; null when there is none.
  mlir::Value findResult(llvm::StringRef name) const;
  /// Lets what is returned as one value be another.
  void replaceResults(mlir::Value value, mlir::Value by);
  /// Keeps only the result of the given name.
  void keepResult(llvm::StringRef name);
  /// What the argument is in the given role; null when it has another role.
  mlir::Attribute getRole(mlir::BlockArgument argument, ArgumentRole role) const;
  /// The parameter that the argument is; null when it is none.
  mlir::FlatSymbolRefAttr getParameter(mlir::BlockArgument argument) const;
  /// Removes arguments that nothing uses, among those that fulfil the condition.
  void eraseUnusedArguments(llvm::function_ref<bool(mlir::BlockArgument)> condition);

  /// Removes operations that no result needs, and then arguments that nothing uses, but for inputs.
  void eraseWhatNoResultNeeds();

  mlir::Block &getBody() { return function.getBody().front(); }
  mlir::func::FuncOp getFunction() { return function; }
  /// A builder at the end of the body.
  mlir::OpBuilder getBuilder() { return mlir::OpBuilder::atBlockEnd(&getBody()); }
  void finish();

private:
  struct Result {
    mlir::Value value;
    /// The name under which it is read, or
    mlir::StringAttr name;
    /// the argument to which the result is tied, or
    mlir::BlockArgument tied;
    /// the parameter of which it is a packed form.
    mlir::FlatSymbolRefAttr packed;
  };

  mlir::func::FuncOp function;
  llvm::SmallVector<mlir::DictionaryAttr> argumentAttributes;
  llvm::SmallVector<Result> results;
};

} // namespace hadal

#endif // HADAL_PASSES_TRANSFORMS_ENTRYPOINT_H
