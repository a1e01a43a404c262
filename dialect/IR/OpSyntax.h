//===- OpSyntax.h - custom directives of the operations' syntax
//-------------------------------------------------------===//
//
// The pieces of syntax that TableGen's assembly formats call by `custom<...>`.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_OPSYNTAX_H
#define HADAL_DIALECT_IR_OPSYNTAX_H

#include "mlir/IR/OpImplementation.h"

namespace hadal {

/// Parameters of an operation: quoted names or prefixes (`"a.weight", "b.weight"`), or bound values with their types
/// (`weights(%a, %b : tensor<...>, tensor<...>)`), or nothing.
mlir::ParseResult parseParameters(mlir::OpAsmParser &parser, mlir::ArrayAttr &parameters,
                                  llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &weights,
                                  llvm::SmallVectorImpl<mlir::Type> &weightTypes);
void printParameters(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::ArrayAttr parameters,
                     mlir::OperandRange weights, mlir::TypeRange weightTypes);

/// Functions of a layer: `{@attention, @moe_ffn}`.
mlir::ParseResult parseSymbolList(mlir::OpAsmParser &parser, mlir::ArrayAttr &symbols);
void printSymbolList(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::ArrayAttr symbols);

/// Results of hadal.layers after the type of the input: one `, tensor<f32>` per loss; the output has the input's type.
mlir::ParseResult parseLayersResults(mlir::OpAsmParser &parser, mlir::Type &output, mlir::Type input,
                                     llvm::SmallVectorImpl<mlir::Type> &losses);
void printLayersResults(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Type output, mlir::Type input,
                        mlir::TypeRange losses);

/// Results of hadal.mtp: `-> tensor<f32>, tensor<f32>...`, the first being the MTP loss.
mlir::ParseResult parseMTPResults(mlir::OpAsmParser &parser, mlir::Type &loss,
                                  llvm::SmallVectorImpl<mlir::Type> &losses);
void printMTPResults(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Type loss, mlir::TypeRange losses);

} // namespace hadal

#endif // HADAL_DIALECT_IR_OPSYNTAX_H
