//===- LayoutOps.cpp - tensors brought from one layout into another -----------------------------------------------===//
//
// Checks and canonicalization of hadal.pack and hadal.unpack. Neither changes the value, so of two in a row only the
// last one counts, and none of them where it ends in the type that the first began with.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/Hadal.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace hadal;

/// Both types are the same tensor, but for where its elements lie.
static Checks verifyRelayout(Operation *op) {
  auto input = cast<RankedTensorType>(op->getOperand(0).getType());
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  auto isOurs = [](RankedTensorType type) { return !type.getEncoding() || getEncoding(type); };
  Checks checks(op);
  checks.expect(isOurs(input) && isOurs(result), "expects encodings of this dialect (#hadal.encoding)")
      .expect(withLayout(input, {}) == withLayout(result, {}),
              "expects the same shape, element type, bounds and shard on both sides, since only the layout changes");
  return checks;
}

LogicalResult PackOp::verify() {
  return verifyRelayout(*this).expect(bool(getLayout(getType())),
                                      "expects a result with a layout: hadal.unpack brings a tensor into rows");
}

LogicalResult UnpackOp::verify() {
  return verifyRelayout(*this)
      .expect(bool(getLayout(getInput().getType())), "expects an input with a layout")
      .expect(!getLayout(getType()), "expects a result that lies row by row: hadal.pack brings a tensor into a layout");
}

/// What is moved, before the movement that makes the operand: its value is the same.
static Value getUnmoved(Value value) {
  Operation *maker = value.getDefiningOp();
  return isa_and_nonnull<PackOp, UnpackOp>(maker) ? maker->getOperand(0) : Value();
}

static OpFoldResult foldRelayout(Operation *op) {
  Value input = op->getOperand(0), unmoved = getUnmoved(input);
  Type type = op->getResult(0).getType();
  if (input.getType() == type)
    return input;
  return unmoved && unmoved.getType() == type ? unmoved : OpFoldResult();
}

OpFoldResult PackOp::fold(FoldAdaptor) { return foldRelayout(*this); }
OpFoldResult UnpackOp::fold(FoldAdaptor) { return foldRelayout(*this); }

static LogicalResult skipMovement(Operation *op, PatternRewriter &rewriter) {
  Value unmoved = getUnmoved(op->getOperand(0));
  // hadal.unpack takes what has a layout.
  if (!unmoved || (isa<UnpackOp>(op) && !getLayout(unmoved.getType())))
    return rewriter.notifyMatchFailure(op, "its input is not moved before");
  rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, unmoved); });
  return success();
}

LogicalResult PackOp::canonicalize(PackOp op, PatternRewriter &rewriter) { return skipMovement(op, rewriter); }
LogicalResult UnpackOp::canonicalize(UnpackOp op, PatternRewriter &rewriter) { return skipMovement(op, rewriter); }
