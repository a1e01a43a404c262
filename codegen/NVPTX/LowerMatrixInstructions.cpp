//===- LowerMatrixInstructions.cpp - wgmma, ldmatrix and stmatrix as inline PTX -----------------------------------===//
//
// An accumulator is a vector of f32 in the IR and as many registers in PTX. A wgmma names its registers as results and
// the same ones, tied, as operands: the multiplication happens in place. Between the instructions stand only insertions
// into and extractions from vectors, which LLVM removes.
//
// The wait ties all accumulators through itself as well, although the instruction names no register: whoever reads one
// then depends on the wait, and LLVM cannot move the reading in front of it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/InlinePTX.h"
#include "dialect/PTX/PTX.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::ptx;

namespace {

/// `$first, $first+1, ...`
std::string getNames(unsigned first, unsigned count) {
  return llvm::join(llvm::map_range(llvm::seq(count), [&](unsigned i) { return "$" + std::to_string(first + i); }),
                    ", ");
}

/// `letter,letter,...`
std::string repeat(StringRef letter, unsigned count) { return llvm::join(SmallVector<StringRef>(count, letter), ","); }

/// `0,1,...`: operands that lie in the registers of the results.
std::string getTies(unsigned count) {
  return llvm::join(llvm::map_range(llvm::seq(count), [](unsigned i) { return std::to_string(i); }), ",");
}

/// A statement that keeps registers in place: as many results as accumulators, each tied to one.
SmallVector<Value> emitInPlace(InlinePTX &at, const std::string &text, const std::string &moreConstraints,
                               SmallVector<Value> accumulators, ValueRange moreOperands) {
  unsigned count = accumulators.size();
  std::string constraints = repeat("=f", count) + "," + getTies(count) + moreConstraints;
  llvm::append_range(accumulators, moreOperands);
  Type f32 = at.rewriter.getF32Type();
  Type type = count == 1 ? f32 : LLVM::LLVMStructType::getLiteral(f32.getContext(), SmallVector<Type>(count, f32));
  Value result = at.emit(text, constraints, accumulators, type);
  return count == 1 ? SmallVector<Value>{result} : at.unpack(result);
}

/// wgmma.mma_async.sync.aligned.mMnNkK.f32.A.B {accumulators}, a, b, scale, negate-a, negate-b[, transpose...];
struct LowerWgmma : OpRewritePattern<WgmmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WgmmaOp op, PatternRewriter &rewriter) const override {
    InlinePTX at(rewriter, op.getLoc());
    VectorType type = op.getAccumulator().getType();
    unsigned count = type.getNumElements();
    bool inRegisters = isa<VectorType>(op.getA().getType());
    bool isEightBits = op.getTypeA() == OperandType::E4M3 || op.getTypeA() == OperandType::E5M2;

    // Operands that follow the accumulators, and the names by which the statement calls them.
    SmallVector<Value> operands;
    std::string constraints;
    auto add = [&](Value value, StringRef letter) {
      operands.push_back(value);
      constraints += ("," + letter).str();
      return "$" + std::to_string(2 * count + operands.size() - 1);
    };
    std::string a;
    if (inRegisters) {
      for (Value value : at.unpack(op.getA()))
        a += (a.empty() ? "{" : ", ") + add(value, "r");
      a += "}";
    } else {
      a = add(op.getA(), "l");
    }
    std::string b = add(op.getB(), "l");

    // Whether the accumulator counts is a predicate, or known now; where it does not, its old value is not computed.
    Value accumulator = op.getAccumulator();
    APInt constant;
    std::string scale;
    if (matchPattern(op.getScale(), m_ConstantInt(&constant))) {
      scale = constant.isZero() ? "0" : "1";
      if (constant.isZero())
        accumulator = LLVM::UndefOp::create(rewriter, op.getLoc(), type);
    } else {
      scale = add(op.getScale(), "b");
    }

    std::string text = "wgmma.mma_async.sync.aligned.m64n" + std::to_string(2 * count) +
                       (isEightBits ? "k32.f32." : "k16.f32.") + stringifyOperandType(op.getTypeA()).str() + "." +
                       stringifyOperandType(op.getTypeB()).str() + " {" + getNames(0, count) + "}, " + a + ", " + b +
                       ", " + scale + ", 1, 1";
    if (!isEightBits) {
      if (!inRegisters)
        text += op.getMajorA() == Major::MN ? ", 1" : ", 0";
      text += op.getMajorB() == Major::MN ? ", 1" : ", 0";
    }
    SmallVector<Value> results = emitInPlace(at, text + ";", constraints, at.unpack(accumulator), operands);
    rewriter.replaceOp(op, at.pack(results, type));
    return success();
  }
};

struct LowerWgmmaWait : OpRewritePattern<WgmmaWaitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WgmmaWaitOp op, PatternRewriter &rewriter) const override {
    InlinePTX at(rewriter, op.getLoc());
    std::string text = "wgmma.wait_group.sync.aligned " + std::to_string(op.getPending()) + ";";
    if (op.getAccumulators().empty()) {
      at.emit(text, "", {});
      rewriter.eraseOp(op);
      return success();
    }
    SmallVector<Value> registers;
    for (Value accumulator : op.getAccumulators())
      llvm::append_range(registers, at.unpack(accumulator));
    SmallVector<Value> all = emitInPlace(at, text, "", registers, {});
    SmallVector<Value> replacements;
    ArrayRef<Value> rest = all;
    for (Value accumulator : op.getAccumulators()) {
      auto type = cast<VectorType>(accumulator.getType());
      replacements.push_back(at.pack(rest.take_front(type.getNumElements()), type));
      rest = rest.drop_front(type.getNumElements());
    }
    rewriter.replaceOp(op, replacements);
    return success();
  }
};

struct LowerWgmmaFence : OpRewritePattern<WgmmaFenceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WgmmaFenceOp op, PatternRewriter &rewriter) const override {
    InlinePTX(rewriter, op.getLoc()).emit("wgmma.fence.sync.aligned;", "", {});
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerWgmmaCommit : OpRewritePattern<WgmmaCommitOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WgmmaCommitOp op, PatternRewriter &rewriter) const override {
    InlinePTX(rewriter, op.getLoc()).emit("wgmma.commit_group.sync.aligned;", "", {});
    rewriter.eraseOp(op);
    return success();
  }
};

/// The low 18 bits of an address of shared memory in units of 16 bytes, beside what is known now.
struct LowerMatrixDescriptor : OpRewritePattern<MatrixDescriptorOp> {
  using OpRewritePattern::OpRewritePattern;

  static uint64_t encode(Swizzle swizzle) {
    switch (swizzle) {
    case Swizzle::None:
      return 0;
    case Swizzle::Bytes128:
      return 1;
    case Swizzle::Bytes64:
      return 2;
    case Swizzle::Bytes32:
      return 3;
    }
    llvm_unreachable("all swizzles are handled");
  }

  LogicalResult matchAndRewrite(MatrixDescriptorOp op, PatternRewriter &rewriter) const override {
    InlinePTX at(rewriter, op.getLoc());
    Location loc = op.getLoc();
    uint64_t known =
        (op.getLeading() / 16 & 0x3fff) << 16 | (op.getStride() / 16 & 0x3fff) << 32 | encode(op.getSwizzle()) << 62;
    Value units = LLVM::LShrOp::create(rewriter, loc, at.address(op.getPointer()), at.i32(4));
    Value start = LLVM::AndOp::create(rewriter, loc, units, at.i32(0x3fff));
    Value wide = LLVM::ZExtOp::create(rewriter, loc, rewriter.getI64Type(), start);
    Value rest = LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64IntegerAttr(int64_t(known)));
    rewriter.replaceOpWithNewOp<LLVM::OrOp>(op, wide, rest);
    return success();
  }
};

/// `sync.aligned.m8n8.xN[.trans].shared.b16`
std::string getMatrixSuffix(unsigned count, bool transpose) {
  return ".sync.aligned.m8n8.x" + std::to_string(count) + (transpose ? ".trans" : "") + ".shared.b16 ";
}

struct LowerLoadMatrix : OpRewritePattern<LoadMatrixOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LoadMatrixOp op, PatternRewriter &rewriter) const override {
    InlinePTX at(rewriter, op.getLoc());
    VectorType type = op.getRegisters().getType();
    unsigned count = type.getNumElements();
    std::string text = "ldmatrix" + getMatrixSuffix(count, op.getTranspose()) + "{" + getNames(0, count) + "}, [$" +
                       std::to_string(count) + "];";
    Type i32 = rewriter.getI32Type();
    Type result = count == 1 ? i32 : LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(count, i32));
    Value loaded = at.emit(text, repeat("=r", count) + ",r", {at.address(op.getPointer())}, result);
    rewriter.replaceOp(op, at.pack(count == 1 ? SmallVector<Value>{loaded} : at.unpack(loaded), type));
    return success();
  }
};

struct LowerStoreMatrix : OpRewritePattern<StoreMatrixOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(StoreMatrixOp op, PatternRewriter &rewriter) const override {
    InlinePTX at(rewriter, op.getLoc());
    SmallVector<Value> operands{at.address(op.getPointer())};
    llvm::append_range(operands, at.unpack(op.getRegisters()));
    unsigned count = operands.size() - 1;
    at.emit("stmatrix" + getMatrixSuffix(count, op.getTranspose()) + "[$0], {" + getNames(1, count) + "};",
            repeat("r", count + 1), operands);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void hadal::populateMatrixInstructionPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerWgmma, LowerWgmmaWait, LowerWgmmaFence, LowerWgmmaCommit, LowerMatrixDescriptor, LowerLoadMatrix,
               LowerStoreMatrix>(patterns.getContext());
}
