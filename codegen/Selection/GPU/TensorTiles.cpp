//===- TensorTiles.cpp - tile sizes of matrix products on tensor cores --------------------------------------------===//
//
// Every tile that wgmma and shared memory allow is a candidate, and its time is estimated in cycles of a
// multiprocessor:
//
//   time = waves · (steps · max(multiply, load) + fixed + store)
//
// A block multiplies 64 numbers of depth per step at the rate of the tensor cores and loads a stage of A and B
// meanwhile, from the second-level cache as a rule; its share of that cache's bandwidth is small, which is why large
// tiles win, and why two blocks that share B win over one. Blocks are as many as multiprocessors and take tiles in
// turn; `waves` is the number of tiles that the busiest one takes, so a tile size that leaves most multiprocessors idle
// in the last turn loses. Filling the ring and storing C are paid per tile.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/TensorTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

constexpr int64_t storeBytesPerCycle = 16, mostStages = 8;

/// The whole product with these tiles.
PredictedTime estimate(const Contraction &contraction, const TensorTiles &tiles, const TargetDescription &target) {
  int64_t tasks = contraction.products() * tiles.rowTasks * tiles.columnTasks;
  double waves = double(llvm::divideCeil(tasks, tiles.blocks));
  double steps = double(llvm::divideCeil(contraction.shape.depth, tiles.depth));
  double multiply = double(tiles.rows * tiles.columns * tiles.depth) / target.tensorProductsPerCycle;
  double load = double(tiles.lhsBytes() + tiles.rhsBytes() / tiles.cluster) / target.architecture->tensorBytesPerCycle;
  double store = double(tiles.rows * tiles.columns * 4) / double(storeBytesPerCycle);
  double scale = waves / target.clock;
  return PredictedTime::overlapped(steps * multiply * scale, steps * load * scale,
                                   (target.architecture->tileOverhead + store) * scale + target.launchSeconds());
}

/// Stages of the ring that fit into the shared memory of a block.
int64_t mostStagesOf(const TensorTiles &tiles, const TargetDescription &target) {
  constexpr int64_t barrierBytes = 2 * mostStages * 8;
  return std::min(mostStages,
                  (target.limits().shared_bytes_per_block - barrierBytes - tiles.panelBytes()) / tiles.stageBytes());
}

/// Fills in what follows from the tile's extents and the cluster.
void complete(TensorTiles &tiles, const Contraction &contraction, const TargetDescription &target) {
  tiles.rowTasks = int64_t(llvm::alignTo(contraction.rowTasks(tiles.rows), tiles.cluster));
  tiles.columnTasks = contraction.columnTasks(tiles.columns);
  int64_t tasks = contraction.products() * tiles.rowTasks * tiles.columnTasks;
  tiles.blocks = std::min(target.multiprocessors / tiles.cluster * tiles.cluster, tasks);
}

/// Rows of tiles side by side: about as many rows as columns of C at a time.
int64_t chooseGroupRows(const TensorTiles &tiles, const TargetDescription &target) {
  int64_t side = 1;
  while (side * side * tiles.rows < target.multiprocessors * tiles.columns)
    ++side;
  return int64_t(llvm::alignTo(std::min(side, tiles.rowTasks), tiles.cluster));
}

/// What stands in the way of a tile of C and a cluster; empty when nothing does.
std::string findObstacle(const TensorTiles &tiles, const Contraction &contraction, const TargetDescription &target) {
  // Neighbours in the rows belong to the same product only where there is one.
  bool sharesRows =
      contraction.grouping == ContractionGrouping::None && !contraction.hasBatches() && contraction.rows > tiles.rows;
  if (tiles.cluster > 1 && (!sharesRows || tiles.cluster > target.multiprocessors))
    return "blocks that share B have rows of one product, more than a tile of them: cluster has to be 1";
  // A gathered tile passes through registers: 128 rows of one panel at most.
  if (contraction.rhs.pairs && tiles.columns > 128)
    return "a gathered tile of B has at most 128 columns";
  return "";
}

Contraction asContraction(const ProductShape &shape) {
  Contraction product;
  product.shape = shape;
  product.rows = shape.rows;
  product.columns = shape.columns;
  product.depth = shape.depth;
  return product;
}

} // namespace

SmallVector<TensorCandidate> hadal::proposeTensorTiles(const Contraction &contraction,
                                                       const TargetDescription &target) {
  SmallVector<TensorCandidate> candidates;
  for (int64_t rows : {128, 64})
    for (int64_t columns : {256, 192, 128, 64})
      for (int64_t cluster : {2, 1}) {
        TensorTiles tiles;
        tiles.rows = rows;
        tiles.columns = columns;
        tiles.cluster = cluster;
        if (!findObstacle(tiles, contraction, target).empty())
          continue;
        tiles.stages = mostStagesOf(tiles, target);
        if (tiles.stages < 2)
          continue;
        complete(tiles, contraction, target);
        tiles.groupRows = chooseGroupRows(tiles, target);
        candidates.push_back({tiles, estimate(contraction, tiles, target)});
      }
  return candidates;
}

TensorCandidate hadal::chooseTensorTiles(const ProductShape &shape, const TargetDescription &target) {
  SmallVector<TensorCandidate> candidates = proposeTensorTiles(asContraction(shape), target);
  return *llvm::min_element(
      candidates, [](const TensorCandidate &a, const TensorCandidate &b) { return a.time.total < b.time.total; });
}

FailureOr<TensorTiles> hadal::checkTensorTiles(choices::TensorTilesAttr choice, const Contraction &contraction,
                                               const TargetDescription &target, EmitError emitError) {
  TensorTiles tiles = TensorTiles::of(choice, contraction, target);
  if (std::string obstacle = findObstacle(tiles, contraction, target); !obstacle.empty())
    return emitError() << obstacle;
  if (failed(checkField(emitError, "stages", tiles.stages, 2, mostStagesOf(tiles, target))) ||
      failed(checkField(emitError, "group_rows", tiles.groupRows, 1, tiles.rowTasks)))
    return failure();
  if (tiles.groupRows % tiles.cluster != 0)
    return emitError() << "group_rows is " << tiles.groupRows << ", and has to be a multiple of the cluster of "
                       << tiles.cluster;
  return tiles;
}

FailureOr<TensorTiles> hadal::checkTensorTiles(choices::TensorTilesAttr choice, const ProductShape &shape,
                                               const TargetDescription &target, EmitError emitError) {
  return checkTensorTiles(choice, asContraction(shape), target, emitError);
}

choices::TensorTilesAttr TensorTiles::toChoice(MLIRContext *context) const {
  return choices::TensorTilesAttr::get(context, rows, columns, stages, cluster, groupRows);
}

TensorTiles TensorTiles::of(choices::TensorTilesAttr choice, const Contraction &contraction,
                            const TargetDescription &target) {
  TensorTiles tiles;
  tiles.rows = choice.getRows();
  tiles.columns = choice.getColumns();
  tiles.stages = choice.getStages();
  tiles.cluster = choice.getCluster();
  tiles.groupRows = choice.getGroupRows();
  complete(tiles, contraction, target);
  return tiles;
}

TensorTiles TensorTiles::of(choices::TensorTilesAttr choice, const ProductShape &shape,
                            const TargetDescription &target) {
  return of(choice, asContraction(shape), target);
}
