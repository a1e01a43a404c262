//===- InlinePTX.h - instructions written as inline PTX -----------------------------------------------------------===//
//
// What the lowerings of the ptx dialect share: a statement of PTX with its operands, and addresses of shared memory as
// the 32-bit numbers that instructions take.
//
// Every statement made here has side effects and clobbers memory, so that LLVM neither removes nor moves it across an
// access to memory. After the translation to LLVM IR, codegen/NVPTX/EmitPTX marks these statements as convergent.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_INLINEPTX_H
#define HADAL_CODEGEN_NVPTX_INLINEPTX_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/PatternMatch.h"

namespace hadal {

/// Writes instructions for one operation of the ptx dialect, in front of it.
class InlinePTX {
public:
  InlinePTX(mlir::PatternRewriter &rewriter, mlir::Location loc) : rewriter(rewriter), loc(loc) {}

  /// A statement: operands are named $0, $1, ... in `text`, the result (or, for a structure, its fields) first.
  /// `constraints` holds one letter per operand as LLVM's NVPTX target defines them (h 16, r 32, l 64 bits, f f32, b
  /// predicate; "=" before those of results; a number ties an operand to a result), separated by commas.
  mlir::Value emit(llvm::StringRef text, std::string constraints, mlir::ValueRange operands, mlir::Type result = {});

  /// A pointer to shared memory as the number that instructions take.
  mlir::Value address(mlir::Value pointer);
  mlir::Value i32(int64_t value);

  /// The fields of a structure, or the elements of a vector, and a vector of values.
  llvm::SmallVector<mlir::Value> unpack(mlir::Value aggregate);
  mlir::Value pack(mlir::ValueRange values, mlir::VectorType type);

  mlir::PatternRewriter &rewriter;
  mlir::Location loc;
};

/// The lowerings of matrix instructions: wgmma, its fence, commit and wait, ldmatrix and stmatrix.
void populateMatrixInstructionPatterns(mlir::RewritePatternSet &patterns);

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_INLINEPTX_H
