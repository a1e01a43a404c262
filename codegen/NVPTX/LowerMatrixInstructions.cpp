//===- LowerMatrixInstructions.cpp - wgmma, ldmatrix and stmatrix as inline PTX -----------------------------------===//
//
// An accumulator is a vector of f32 in the IR and as many registers in PTX. A wgmma names its registers as results and
// the same ones, tied, as operands: the multiplication happens in place. Between the instructions stand only insertions
// into and extractions from vectors, which LLVM removes.
//
// The wait ties all accumulators through itself as well, although the instruction names no register: whoever reads one
// then depends on the wait, and LLVM cannot move the reading in front of it. In the same way the fence ties what the
// products behind it read from registers: their zeros and their converted operands are then written in front of it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/InlinePTX.h"
#include "dialect/PTX/PTX.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SetVector.h"
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

/// A statement that keeps registers in place: as many results as there are values, each tied to one. They are f32 or
/// i32; `more` operands follow.
SmallVector<Value> emitInPlace(InlinePTX &at, const std::string &text, const std::string &moreConstraints,
                               SmallVector<Value> values, ValueRange more) {
  unsigned count = values.size();
  SmallVector<Type> types;
  std::string constraints;
  for (Value value : values) {
    types.push_back(value.getType());
    constraints += value.getType().isF32() ? "=f," : "=r,";
  }
  constraints += getTies(count) + moreConstraints;
  llvm::append_range(values, more);
  Type type = count == 1 ? types.front() : LLVM::LLVMStructType::getLiteral(at.rewriter.getContext(), types);
  Value result = at.emit(text, constraints, values, type);
  return count == 1 ? SmallVector<Value>{result} : at.unpack(result);
}

/// The same with vectors: their elements pass through the statement.
SmallVector<Value> passVectors(InlinePTX &at, const std::string &text, ValueRange vectors) {
  SmallVector<Value> registers;
  for (Value vector : vectors)
    llvm::append_range(registers, at.unpack(vector));
  SmallVector<Value> all = emitInPlace(at, text, "", registers, {});
  SmallVector<Value> results;
  ArrayRef<Value> rest = all;
  for (Value vector : vectors) {
    auto type = cast<VectorType>(vector.getType());
    results.push_back(at.pack(rest.take_front(type.getNumElements()), type));
    rest = rest.drop_front(type.getNumElements());
  }
  return results;
}

/// Whether a product starts from zero whatever its accumulator holds.
bool startsFromZero(WgmmaOp op) {
  APInt scale;
  return matchPattern(op.getScale(), m_ConstantInt(&scale)) && scale.isZero();
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
    std::string scale;
    if (startsFromZero(op)) {
      scale = "0";
      accumulator = LLVM::UndefOp::create(rewriter, op.getLoc(), type);
    } else if (matchPattern(op.getScale(), m_One())) {
      scale = "1";
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
    rewriter.replaceOp(op, passVectors(at, text, op.getAccumulators()));
    return success();
  }
};

/// The products behind a fence, up to the end of their batch, read from it what was there before it.
struct LowerWgmmaFence : OpRewritePattern<WgmmaFenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WgmmaFenceOp op, PatternRewriter &rewriter) const override {
    SmallVector<OpOperand *> uses;
    llvm::SetVector<Value> values;
    auto add = [&](OpOperand &use) {
      Operation *definition = use.get().getDefiningOp();
      bool isBehind = definition && definition->getBlock() == op->getBlock() && op->isBeforeInBlock(definition);
      if (isBehind || !isa<VectorType>(use.get().getType()))
        return;
      values.insert(use.get());
      uses.push_back(&use);
    };
    for (Operation *next = op->getNextNode(); next && !isa<WgmmaCommitOp, WgmmaFenceOp>(next);
         next = next->getNextNode()) {
      auto product = dyn_cast<WgmmaOp>(next);
      if (!product)
        continue;
      add(product.getAMutable());
      if (!startsFromZero(product))
        add(product.getAccumulatorMutable());
    }

    InlinePTX at(rewriter, op.getLoc());
    std::string text = "wgmma.fence.sync.aligned;";
    if (values.empty()) {
      at.emit(text, "", {});
    } else {
      SmallVector<Value> results = passVectors(at, text, values.getArrayRef());
      for (OpOperand *use : uses) {
        auto *position = llvm::find(values, use->get());
        Value result = results[position - values.begin()];
        rewriter.modifyOpInPlace(use->getOwner(), [&] { use->set(result); });
      }
    }
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
