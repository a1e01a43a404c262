//===- EntryPoint.h - functions whose arguments and results have roles --------------------------------------------===//
//
// An entry point of a program is a func.func in which an attribute says what every argument and result is: a parameter,
// a gradient, an input, a scalar the runtime sets, a result it reads. This is the one place that reads and writes them.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_TRANSFORMS_ENTRYPOINT_H
#define HADAL_PASSES_TRANSFORMS_ENTRYPOINT_H

#include "passes/Passes.h"

namespace hadal {

/// What an argument is: the attribute's value names the parameter or state (a symbol), the input or the scalar (a
/// string).
inline constexpr llvm::StringLiteral parameterRole = "hadal.parameter";
inline constexpr llvm::StringLiteral gradientRole = "hadal.gradient";
inline constexpr llvm::StringLiteral firstMomentRole = "hadal.first_moment";
inline constexpr llvm::StringLiteral secondMomentRole = "hadal.second_moment";
inline constexpr llvm::StringLiteral stateRole = "hadal.state";
inline constexpr llvm::StringLiteral inputRole = "hadal.input";
inline constexpr llvm::StringLiteral scalarRole = "hadal.scalar";
/// What a result is: a scalar that the runtime reads (its name), or the new value of an argument (its number).
inline constexpr llvm::StringLiteral resultRole = "hadal.result";
inline constexpr llvm::StringLiteral tiedRole = "hadal.tied";

/// The signature and body of an entry point while it changes. The function has no terminator and an outdated type until
/// finish() writes both, so adding an argument costs the same however many there are.
class EntryPoint {
public:
  /// Starts an empty function.
  EntryPoint(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name);
  /// Opens an existing one.
  explicit EntryPoint(mlir::func::FuncOp function);

  mlir::BlockArgument addArgument(mlir::Type type, llvm::StringRef role, mlir::Attribute value, mlir::Location loc);
  /// A tensor<f32> that the runtime sets.
  mlir::BlockArgument addScalar(llvm::StringRef name, mlir::Location loc);
  /// A scalar that the runtime reads.
  void addResult(llvm::StringRef name, mlir::Value value);
  /// The new value of an argument, which takes the argument's place in memory.
  void addUpdate(mlir::BlockArgument argument, mlir::Value value);

  /// The value that is returned as the scalar of the given name; null when there is none.
  mlir::Value findResult(llvm::StringRef name) const;
  /// Keeps only the result of the given name.
  void keepResult(llvm::StringRef name);
  /// What the argument is in the given role; null when it has another role.
  mlir::Attribute getRole(mlir::BlockArgument argument, llvm::StringRef role) const;
  /// Removes arguments that nothing uses, among those that fulfil the condition.
  void eraseUnusedArguments(llvm::function_ref<bool(mlir::BlockArgument)> condition);

  mlir::Block &getBody() { return function.getBody().front(); }
  mlir::func::FuncOp getFunction() { return function; }
  /// A builder at the end of the body.
  mlir::OpBuilder getBuilder() { return mlir::OpBuilder::atBlockEnd(&getBody()); }
  void finish();

private:
  struct Result {
    mlir::Value value;
    /// Name of a scalar, or
    mlir::StringAttr name;
    /// the argument to which the result is tied.
    mlir::BlockArgument tied;
  };

  mlir::func::FuncOp function;
  llvm::SmallVector<mlir::DictionaryAttr> argumentAttributes;
  llvm::SmallVector<Result> results;
};

} // namespace hadal

#endif // HADAL_PASSES_TRANSFORMS_ENTRYPOINT_H
