//===- ExpandMultiplyAdd.cpp - fused multiply-adds on CPUs without them -------------------------------------------===//
//
// The product of two f32 is exact in f64. Its sum with the third operand is rounded to f64, and then to f32; to round
// twice would be wrong where the first rounding ends midway between two f32. So the first one rounds to odd: of the two
// f64 that enclose the exact sum, the one whose last bit is set. That one is never midway (f64 has more than two bits
// to spare), and stands on the side of the exact sum (S. Boldo, G. Melquiond, "Emulation of a FMA and correctly rounded
// sums: proved algorithms using rounding to odd", IEEE Transactions on Computers 57, 2008).
//
// The error of the f64 sum, exact as well (Knuth's TwoSum), says whether the sum was inexact and on which side of it
// the exact one lies. Infinities and NaN make the error NaN, and are left as they are.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/ExpandMultiplyAdd.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

using namespace llvm;

/// The sum of two f64, rounded to odd.
static Value *addToOdd(IRBuilder<> &builder, Value *a, Value *b) {
  Type *real = a->getType(), *integer = real->getWithNewType(builder.getInt64Ty());
  Value *sum = builder.CreateFAdd(a, b);
  Value *ofB = builder.CreateFSub(sum, a), *ofA = builder.CreateFSub(sum, ofB);
  Value *error = builder.CreateFAdd(builder.CreateFSub(a, ofA), builder.CreateFSub(b, ofB));
  Value *bits = builder.CreateBitCast(sum, integer), *errorBits = builder.CreateBitCast(error, integer);
  Constant *zero = ConstantInt::get(integer, 0), *one = ConstantInt::get(integer, 1);
  Value *isInexact = builder.CreateFCmpONE(error, ConstantFP::get(real, 0.0));
  Value *isEven = builder.CreateICmpEQ(builder.CreateAnd(bits, one), zero);
  // Towards the exact sum: away from zero where the error has the sum's sign.
  Value *isShort = builder.CreateICmpSGE(builder.CreateXor(bits, errorBits), zero);
  Value *neighbour = builder.CreateAdd(bits, builder.CreateSelect(isShort, one, ConstantInt::getAllOnesValue(integer)));
  Value *odd = builder.CreateSelect(builder.CreateAnd(isInexact, isEven), neighbour, bits);
  return builder.CreateBitCast(odd, real);
}

void hadal::expandMultiplyAdds(Module &module) {
  for (Function &function : module)
    for (Instruction &instruction : make_early_inc_range(instructions(function))) {
      auto *fma = dyn_cast<IntrinsicInst>(&instruction);
      if (!fma || fma->getIntrinsicID() != Intrinsic::fma || !fma->getType()->getScalarType()->isFloatTy())
        continue;
      IRBuilder<> builder(fma);
      Type *real = fma->getType()->getWithNewType(builder.getDoubleTy());
      auto widen = [&](unsigned operand) { return builder.CreateFPExt(fma->getArgOperand(operand), real); };
      Value *product = builder.CreateFMul(widen(0), widen(1));
      fma->replaceAllUsesWith(builder.CreateFPTrunc(addToOdd(builder, product, widen(2)), fma->getType()));
      fma->eraseFromParent();
    }
}
