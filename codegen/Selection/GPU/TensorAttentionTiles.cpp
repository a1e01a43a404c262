//===- TensorAttentionTiles.cpp - tiles of the attention kernels on tensor cores ----------------------------------===//
//
// Two consuming warp groups of 64 queries each, and as many keys per step as registers and shared memory hold: 128, or
// 64 for large heads. A thread holds a row's scores (keys / 2 numbers of f32), its output (value / 2) and the rounded
// weights (keys / 4) at the same time. Sequences of at most 64 take one consumer.
//
// What a block walks over at a time decides the order of sums (docs/rationale/arithmetic.md): it follows from the
// widths of a head alone, as if there were always two consumers.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/TensorAttentionTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

FailureOr<ptx::Swizzle> hadal::commonSwizzle(ArrayRef<int64_t> extents) {
  for (ptx::Swizzle swizzle : {ptx::Swizzle::Bytes128, ptx::Swizzle::Bytes64, ptx::Swizzle::Bytes32})
    if (llvm::all_of(extents, [&](int64_t extent) { return extent % panelElements(swizzle) == 0; }))
      return swizzle;
  return failure();
}

int64_t hadal::panelElements(ptx::Swizzle swizzle) { return int64_t(8) << unsigned(swizzle); }

ForwardMemory::ForwardMemory(const AttentionShape &shape, const TensorAttentionTiles &tiles) {
  queryBytes = llvm::alignTo(tiles.queries * shape.query() * 2, 1024);
  keyBytes = llvm::alignTo(tiles.keys * shape.query() * 2, 1024);
  valueBytes = llvm::alignTo(tiles.keys * shape.value * 2, 1024);
  keyOffset = queryBytes;
  valueOffset = keyOffset + tiles.stages * keyBytes;
  barrierOffset = valueOffset + tiles.stages * valueBytes;
  // One barrier pair for the queries, then those of the two rings.
  pinOffset = barrierOffset + (1 + 2 * tiles.stages) * 16;
  bytes = pinOffset + 4;
}

FailureOr<TensorAttentionTiles> hadal::chooseForwardTiles(const AttentionShape &shape) {
  if (failed(commonSwizzle({shape.nope, shape.rope})) || failed(commonSwizzle({shape.value})) || shape.value > 256)
    return failure();
  constexpr int64_t mostNumbers = 176;
  TensorAttentionTiles tiles;
  for (; tiles.keys >= 64; tiles.keys /= 2)
    if (tiles.keys * 3 / 4 + shape.value / 2 <= mostNumbers &&
        ForwardMemory(shape, tiles).bytes <= getMostSharedMemory()) {
      if (shape.sequence <= 64)
        tiles.queries = 64;
      return tiles;
    }
  return failure();
}

TensorAttentionTiles TensorAttentionTiles::of(choices::TensorAttentionAttr choice, const AttentionShape &shape) {
  return {choice.getOwned(), chooseForwardTiles(shape)->keys, choice.getStages()};
}

PredictedTime hadal::predictTensorAttention(const AttentionShape &shape, int64_t productsPerPair, KernelOp kernel,
                                            const TargetDescription &target, int64_t launches) {
  // A causal sequence has about half of all pairs.
  double pairs = double(shape.batch * shape.heads * shape.sequence) * double(shape.sequence + 1) / 2.0;
  double rate = target.tensorProductsPerCycle * double(target.multiprocessors) * target.clock;
  PredictedTime stream = predictStream(kernel, target, launches);
  return PredictedTime::overlapped(pairs * double(productsPerPair) / rate, stream.memory, stream.overhead);
}

TensorMapSpec hadal::describeChannels(unsigned argument, Type type, int64_t rows, ptx::Swizzle swizzle) {
  auto tensor = cast<RankedTensorType>(type);
  ArrayRef<int64_t> extents = tensor.getShape();
  TensorMapSpec map;
  map.argument = argument;
  map.element = tensor.getElementType();
  map.sizes = {extents[2], extents[1], extents[0]};
  map.strides = {extents[2] * 2, extents[1] * extents[2] * 2};
  map.box = {panelElements(swizzle), rows, 1};
  map.swizzle = swizzle;
  return map;
}

bool hadal::multipliesBF16(AttentionOpInterface attention) {
  auto isBF16 = [](Value value) { return getElementTypeOrSelf(value.getType()).isBF16(); };
  return llvm::all_of(attention->getOperands().take_front(3), isBF16);
}

//===----------------------------------------------------------------------===//
// The gradient
//===----------------------------------------------------------------------===//

GradientMemory::GradientMemory(const AttentionShape &shape, const TensorGradientTiles &tiles) {
  ownedValueOffset = llvm::alignTo(tiles.owned * shape.query() * 2, 1024);
  ringOffset = ownedValueOffset + llvm::alignTo(tiles.owned * shape.value * 2, 1024);
  walkedQueryBytes = llvm::alignTo(tiles.walked * shape.query() * 2, 1024);
  stageBytes = walkedQueryBytes + llvm::alignTo(tiles.walked * shape.value * 2, 1024);
  barrierOffset = ringOffset + tiles.stages * stageBytes;
  pinOffset = barrierOffset + (1 + tiles.stages) * 16;
  bytes = pinOffset + 4;
}

GradientWorkspace::GradientWorkspace(const AttentionShape &shape) {
  constexpr int64_t largestTile = 128;
  paddedSequence = int64_t(llvm::alignTo(shape.sequence, largestTile));
  rotaryOffset = shape.batch * shape.heads * paddedSequence * 8;
  bytes = rotaryOffset + shape.batch * shape.sequence * shape.heads * shape.rope * 4;
}

FailureOr<TensorGradientTiles> hadal::chooseGradientTiles(GradientPassKind pass, const AttentionShape &shape) {
  if (failed(commonSwizzle({shape.nope, shape.rope})) || failed(commonSwizzle({shape.value})))
    return failure();
  // A thread holds its sums (one as deep as a query, in the pass of the keys also one as deep as a value), a row of
  // both products with the walked tile, the rounded weights, and in the pass of the keys two statistics per column.
  bool ofKeys = pass == GradientPassKind::Keys;
  constexpr int64_t mostNumbers = 208;
  int64_t sums = (shape.query() + (ofKeys ? shape.value : 0)) / 2;
  if (shape.query() > 256 || shape.value > 256)
    return failure();
  TensorGradientTiles tiles;
  for (; tiles.walked >= 32; tiles.walked /= 2)
    if (sums + tiles.walked + tiles.walked / (ofKeys ? 2 : 4) <= mostNumbers)
      for (tiles.stages = 3; tiles.stages >= 2; --tiles.stages)
        if (GradientMemory(shape, tiles).bytes <= getMostSharedMemory()) {
          if (shape.sequence <= 64)
            tiles.owned = 64;
          return tiles;
        }
  return failure();
}

TensorGradientTiles TensorGradientTiles::of(GradientPassKind pass, choices::TensorAttentionAttr choice,
                                            const AttentionShape &shape) {
  return {choice.getOwned(), chooseGradientTiles(pass, shape)->walked, choice.getStages()};
}

Candidate hadal::proposeTensorGradient(const AttentionShape &shape, KernelOp kernel, const TargetDescription &target) {
  auto tiles = [&](GradientPassKind pass) { return chooseGradientTiles(pass, shape)->toChoice(kernel.getContext()); };
  // Both passes compute scores and their gradients; then sums as wide as a query, a key and a value.
  int64_t products = 2 * (shape.query() + shape.value) + 2 * shape.query() + shape.value;
  return {choices::TensorAttentionGradientAttr::get(kernel.getContext(), tiles(GradientPassKind::Keys),
                                                    tiles(GradientPassKind::Queries)),
          predictTensorAttention(shape, products, kernel, target, /*launches=*/4)};
}

FailureOr<TensorGradientTiles> hadal::checkGradientTiles(GradientPassKind pass, choices::TensorAttentionAttr choice,
                                                         const AttentionShape &shape, EmitError emitError) {
  TensorGradientTiles tiles = TensorGradientTiles::of(pass, choice, shape);
  if (GradientMemory(shape, tiles).bytes <= getMostSharedMemory() && tiles.stages >= 2)
    return tiles;
  return emitError() << "stages is " << tiles.stages << ", and may be from 2 to "
                     << chooseGradientTiles(pass, shape)->stages << ": the shared memory of a block holds no more";
}
