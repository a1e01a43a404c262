//===- TensorTiles.cpp - tile sizes of matrix products on tensor cores --------------------------------------------===//
//
// Every tile that wgmma and shared memory allow is a candidate, and its time is estimated in cycles of a
// multiprocessor:
//
//   time = waves · (steps · max(multiply, load) + fixed + store)
//
// A block multiplies 64 numbers of depth per step at the rate of the tensor cores (2048 products and sums a cycle) and
// loads a stage of A and B meanwhile, from the second-level cache as a rule; its share of that cache's bandwidth is
// about 32 bytes a cycle, which is why large tiles win, and why two blocks that share B win over one. Blocks are as
// many as multiprocessors and take tiles in turn; `waves` is the number of tiles that the busiest one takes, so a tile
// size that leaves most multiprocessors idle in the last turn loses. Filling the ring and storing C are paid per tile.
//
// The constants are properties of the architecture (compute capability 9.0), not measurements of one board; they decide
// between tiles, nothing else depends on them.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/TensorTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

constexpr int64_t productsPerCycle = 2048, loadBytesPerCycle = 32, storeBytesPerCycle = 16, cyclesPerTile = 1500;
constexpr int64_t mostStages = 8;

/// Cycles of the whole product with these tiles.
int64_t estimate(const Contraction &contraction, const TensorTiles &tiles) {
  int64_t tasks = contraction.products() * tiles.rowTasks * tiles.columnTasks;
  int64_t waves = llvm::divideCeil(tasks, tiles.blocks);
  int64_t steps = llvm::divideCeil(contraction.shape.depth, tiles.depth);
  int64_t multiply = tiles.rows * tiles.columns * tiles.depth / productsPerCycle;
  int64_t load = (tiles.lhsBytes() + tiles.rhsBytes() / tiles.cluster) / loadBytesPerCycle;
  int64_t store = tiles.rows * tiles.columns * 4 / storeBytesPerCycle;
  return waves * (steps * std::max(multiply, load) + cyclesPerTile + store);
}

/// Fills in what follows from the tile's extents.
void complete(TensorTiles &tiles, const Contraction &contraction, const TargetDescription &target) {
  constexpr int64_t barrierBytes = 2 * mostStages * 8;
  tiles.stages = std::min(mostStages, (target.limits().shared_bytes_per_block - barrierBytes - tiles.panelBytes()) /
                                          tiles.stageBytes());
  tiles.rowTasks = int64_t(llvm::alignTo(contraction.rowTasks(tiles.rows), tiles.cluster));
  tiles.columnTasks = contraction.columnTasks(tiles.columns);
  int64_t tasks = contraction.products() * tiles.rowTasks * tiles.columnTasks;
  tiles.blocks = std::min(target.multiprocessors / tiles.cluster * tiles.cluster, tasks);
  // Side by side: about as many rows as columns of C at a time.
  int64_t side = 1;
  while (side * side * tiles.rows < target.multiprocessors * tiles.columns)
    ++side;
  tiles.groupRows = int64_t(llvm::alignTo(std::min(side, tiles.rowTasks), tiles.cluster));
}

} // namespace

TensorTiles hadal::chooseTensorTiles(const Contraction &contraction, const TargetDescription &target) {
  TensorTiles best;
  int64_t bestTime = INT64_MAX;
  for (int64_t rows : {128, 64})
    for (int64_t columns : {256, 192, 128, 64})
      for (int64_t cluster : {2, 1}) {
        // Neighbours in the rows belong to the same product only where there is one.
        bool sharesRows =
            contraction.grouping == ContractionGrouping::None && !contraction.hasBatches() && contraction.rows > rows;
        if (cluster > 1 && (!sharesRows || cluster > target.multiprocessors))
          continue;
        // A gathered tile passes through registers: 128 rows of one panel at most.
        if (contraction.rhs.pairs && columns > 128)
          continue;
        TensorTiles tiles;
        tiles.rows = rows;
        tiles.columns = columns;
        tiles.cluster = cluster;
        complete(tiles, contraction, target);
        if (int64_t time = estimate(contraction, tiles); time < bestTime) {
          best = tiles;
          bestTime = time;
        }
      }
  return best;
}

TensorTiles hadal::chooseTensorTiles(const ProductShape &shape, const TargetDescription &target) {
  Contraction product;
  product.shape = shape;
  product.rows = shape.rows;
  product.columns = shape.columns;
  product.depth = shape.depth;
  return chooseTensorTiles(product, target);
}

void TensorTiles::record(KernelConfiguration &configuration, StringRef prefix) const {
  auto set = [&](StringRef name, int64_t value) { configuration.set((prefix + name).str(), value); };
  set("tile_rows", rows);
  set("tile_columns", columns);
  set("tile_depth", depth);
  set("stages", stages);
  set("cluster", cluster);
  set("group_rows", groupRows);
  set("row_tasks", rowTasks);
  set("column_tasks", columnTasks);
  set("blocks", blocks);
}

TensorTiles TensorTiles::read(const KernelConfiguration &configuration, StringRef prefix) {
  auto get = [&](StringRef name) { return configuration.get((prefix + name).str()); };
  TensorTiles tiles;
  tiles.rows = get("tile_rows");
  tiles.columns = get("tile_columns");
  tiles.depth = get("tile_depth");
  tiles.stages = get("stages");
  tiles.cluster = get("cluster");
  tiles.groupRows = get("group_rows");
  tiles.rowTasks = get("row_tasks");
  tiles.columnTasks = get("column_tasks");
  tiles.blocks = get("blocks");
  return tiles;
}
