//===- Words.h - the words that several parts of the compiler know ------------------------------------------------===//
//
// Programs, precisions, entry points and the roles of their arguments are enumerated in HadalBase.td; here are the
// attributes that speak of them, and of what else a module carries from pass to pass. Whoever reads or writes one of
// these attributes names it by a constant of this header. The dialect verifies every attribute whose name begins with
// `hadal.`, and refuses those that it does not know.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_WORDS_H
#define HADAL_DIALECT_IR_WORDS_H

#include "dialect/Interfaces/HadalInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/Error.h"

namespace hadal {

//===--------------------------------------------------------------------------------------------------------------===//
// Arguments and results of entry points
//===--------------------------------------------------------------------------------------------------------------===//

/// The attribute that gives an argument the role: `hadal.parameter`. Its value names the parameter or state (a symbol),
/// the input or the scalar (a string).
llvm::StringRef getRoleAttrName(ArgumentRole role);
/// All roles, in the order of the enumeration.
llvm::ArrayRef<ArgumentRole> getArgumentRoles();

/// What an argument is, and the name of the tensor that it stands for.
struct ArgumentMeaning {
  ArgumentRole role;
  llvm::StringRef name;
};
/// Nothing when no attribute gives the argument a role.
std::optional<ArgumentMeaning> getArgumentMeaning(mlir::FunctionOpInterface function, unsigned argument);
/// The symbol that an argument names in a role that goes by parameters; null when it has another role.
mlir::FlatSymbolRefAttr getRoleSymbol(mlir::FunctionOpInterface function, unsigned argument, ArgumentRole role);

/// The parameter (a symbol) whose loading an entry point ends: the runtime runs it whenever the parameter has been
/// loaded or initialized. It writes results that are packed forms of that parameter, which go by its symbol.
constexpr llvm::StringLiteral loadsAttrName = "hadal.loads";
/// The parameter that an entry point is run for; null: it is no such entry point.
mlir::FlatSymbolRefAttr getLoadedParameter(mlir::FunctionOpInterface entry);
/// The parameter whose packed form a result is; null: it is none.
mlir::FlatSymbolRefAttr getPackedResult(mlir::FunctionOpInterface entry, unsigned result);

/// What a result is: a tensor that the runtime reads (its name), or the new value of an argument (its number).
constexpr llvm::StringLiteral resultAttrName = "hadal.result", tiedAttrName = "hadal.tied";
/// The name of a result that the runtime reads; null when it is none.
mlir::StringAttr getResultName(mlir::FunctionOpInterface function, unsigned result);
/// The argument whose new value a result is.
std::optional<unsigned> getTiedArgument(mlir::FunctionOpInterface function, unsigned result);

/// The results of entry points that the runtime and several passes know.
namespace results {
constexpr llvm::StringLiteral loss = "loss", mainLoss = "loss.main", mtpLoss = "loss.mtp", balanceLoss = "loss.balance";
constexpr llvm::StringLiteral gradientNorm = "gradient_norm", gradientScale = "gradient_scale";
constexpr llvm::StringLiteral logProbabilities = "log_probabilities";
constexpr llvm::StringLiteral logits = "logits", normalizers = "normalizers";
} // namespace results

/// The window of tokens, the input of every program.
constexpr llvm::StringLiteral tokensInputName = "tokens";
/// Further inputs of programs that generate: where rows stand in their sequences, how long those are behind the run, in
/// which pages of the caches they lie, and for which rows logits are asked for.
namespace inputs {
constexpr llvm::StringLiteral positions = "positions", lengths = "lengths", pages = "pages", rows = "rows";
} // namespace inputs

/// What the reference evaluator gives an argument: elements, or two bounds.
constexpr llvm::StringLiteral valueAttrName = "hadal.value", rangeAttrName = "hadal.range";

//===--------------------------------------------------------------------------------------------------------------===//
// Attributes of a module
//===--------------------------------------------------------------------------------------------------------------===//

/// What was chosen when the program was built.
constexpr llvm::StringLiteral programAttrName = "hadal.program", precisionAttrName = "hadal.precision";
/// How many tokens of a window lie behind the last one that the model reads; an entry point may say so itself.
constexpr llvm::StringLiteral tokensAheadAttrName = "hadal.tokens_ahead";

/// What is known of the model: its name, how many tokens there are, its config.json or the reason why it has none, the
/// encoding of its published weights, and the names of parameters that it has and this program does not read.
constexpr llvm::StringLiteral modelAttrName = "hadal.model", vocabularyAttrName = "hadal.vocabulary";
constexpr llvm::StringLiteral configAttrName = "hadal.config_json", configReasonAttrName = "hadal.config_json_reason";
constexpr llvm::StringLiteral storedWeightsAttrName = "hadal.stored_weights";
constexpr llvm::StringLiteral unreadParametersAttrName = "hadal.unread_parameters";
/// In which form a program keeps the weights of its products, where it is not that of the factors.
constexpr llvm::StringLiteral weightsAttrName = "hadal.weights";

/// What it is compiled for and by: the target (a string), the GPU that sizes are chosen for where one was named (a
/// string), whether a GPU's kernels become host functions for the emulator (a unit), the CPU, the alignment of buffers
/// in the arena, and the version of hadalc.
constexpr llvm::StringLiteral targetAttrName = "hadal.target", boardAttrName = "hadal.gpu";
constexpr llvm::StringLiteral emulateAttrName = "hadal.emulate";
constexpr llvm::StringLiteral cpuAttrName = "hadal.cpu", versionAttrName = "hadal.version";
constexpr llvm::StringLiteral bufferAlignmentAttrName = "hadal.buffer_alignment";

//===--------------------------------------------------------------------------------------------------------------===//
// Attributes of operations
//===--------------------------------------------------------------------------------------------------------------===//

/// Further names under which files hold copies of an operation's parameter.
constexpr llvm::StringLiteral aliasesAttrName = "hadal.aliases";
/// The results of a product that are rounded to its type, by their numbers: decided once per model, before programs are
/// made of it (hadal-decide-roundings).
constexpr llvm::StringLiteral roundedResultsAttrName = "hadal.rounded_results";

//===--------------------------------------------------------------------------------------------------------------===//
// Words in options
//===--------------------------------------------------------------------------------------------------------------===//

/// The precision of the name; an error that lists the known ones otherwise.
llvm::Expected<Precision> parsePrecision(llvm::StringRef name);
/// The type of its products.
mlir::FloatType getPrecisionType(Precision precision, mlir::MLIRContext *context);

} // namespace hadal

#endif // HADAL_DIALECT_IR_WORDS_H
