//===- OpSyntax.h - custom directives of the operations' syntax ---------------------------------------------------===//
//
// The pieces of syntax that TableGen's assembly formats call by `custom<...>`.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_OPSYNTAX_H
#define HADAL_DIALECT_IR_OPSYNTAX_H

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

namespace hadal {

/// Parameters of an operation: quoted names or prefixes (`"a.weight", "b.weight"`), or bound values with their types
/// (`weights(%a, %b : tensor<...>, tensor<...>)`), or nothing.
mlir::OptionalParseResult parseParameters(mlir::OpAsmParser &parser, mlir::ArrayAttr &parameters,
                                          llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &weights,
                                          llvm::SmallVectorImpl<mlir::Type> &weightTypes);
void printParameters(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::ArrayAttr parameters,
                     mlir::OperandRange weights, mlir::TypeRange weightTypes);

/// Functions of a layer: `{@attention, @moe_ffn}`.
mlir::ParseResult parseSymbolList(mlir::OpAsmParser &parser, mlir::ArrayAttr &symbols);
void printSymbolList(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::ArrayAttr symbols);

/// Types of hadal.layers: that of the input, which is the output's too, and one `, tensor<f32>` per loss.
mlir::ParseResult parseLayersTypes(mlir::OpAsmParser &parser, mlir::Type &input, mlir::Type &output,
                                   llvm::SmallVectorImpl<mlir::Type> &losses);
void printLayersTypes(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Type input, mlir::Type output,
                      mlir::TypeRange losses);

/// Results of hadal.mtp: `-> tensor<f32>, tensor<f32>...`, the first being the MTP loss.
mlir::ParseResult parseMTPResults(mlir::OpAsmParser &parser, mlir::Type &loss,
                                  llvm::SmallVectorImpl<mlir::Type> &losses);
void printMTPResults(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Type loss, mlir::TypeRange losses);

/// Name, signature, attributes and body of an operation that is a function: `@name(%x: type) -> type {...}`.
template <typename Op> mlir::ParseResult parseFunction(mlir::OpAsmParser &parser, mlir::OperationState &result) {
  namespace implementation = mlir::function_interface_impl;
  auto buildType = [](mlir::Builder &builder, llvm::ArrayRef<mlir::Type> inputs, llvm::ArrayRef<mlir::Type> results,
                      implementation::VariadicFlag, std::string &) { return builder.getFunctionType(inputs, results); };
  llvm::SMLoc location = parser.getNameLoc();
  if (implementation::parseFunctionOp(parser, result, /*allowVariadic=*/false, Op::getFunctionTypeAttrName(result.name),
                                      buildType, Op::getArgAttrsAttrName(result.name),
                                      Op::getResAttrsAttrName(result.name)))
    return mlir::failure();
  // What generated parsers do: attributes of a wrong type would be dropped on the way into the operation.
  return Op::verifyInherentAttrs(result.name, result.attributes, [&] {
    return parser.emitError(location) << "'" << result.name.getStringRef() << "' op ";
  });
}
/// The same without the attributes of some names, which the caller prints: printing leaves the operation as it is.
template <typename Op>
void printFunction(mlir::OpAsmPrinter &printer, Op op, llvm::ArrayRef<llvm::StringRef> printed = {}) {
  namespace implementation = mlir::function_interface_impl;
  llvm::StringRef visibility = mlir::SymbolTable::getVisibilityAttrName();
  llvm::SmallVector<llvm::StringRef> elided{visibility, op.getFunctionTypeAttrName(), op.getArgAttrsAttrName(),
                                            op.getResAttrsAttrName()};
  llvm::append_range(elided, printed);
  printer << ' ';
  if (auto name = op->template getAttrOfType<mlir::StringAttr>(visibility))
    printer << name.getValue() << ' ';
  printer.printSymbolName(op.getSymName());
  implementation::printFunctionSignature(printer, op, op.getArgumentTypes(), /*isVariadic=*/false,
                                         op.getResultTypes());
  implementation::printFunctionAttributes(printer, op, elided);
  printer << ' ';
  printer.printRegion(op.getBody(), /*printEntryBlockArgs=*/false, /*printBlockTerminators=*/true);
}

} // namespace hadal

#endif // HADAL_DIALECT_IR_OPSYNTAX_H
