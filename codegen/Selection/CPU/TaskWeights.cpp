//===- TaskWeights.cpp - how long the tasks of a kernel take beside one another -----------------------------------===//
//
// Weights count vectors of multiply-adds, as the models of products do (ProductTiles.cpp): register tiles that hang
// over an edge count whole, packing a few operations per vector, a task some hundreds at least.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/TaskWeights.h"
#include "codegen/Anatomy/AttentionShape.h"
#include "codegen/Selection/CPU/ContractionBlocks.h"
#include "codegen/Selection/CPU/HeadBlocks.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace hadal;

namespace {

constexpr double lanes = double(arithmetic::lanes);
/// Operations of packing a vector of either side, of a vector of the result, and of a task.
constexpr double packing = 3, epilogue = 4, ofTask = 500;
/// Operations for each number of a softmax.
constexpr double ofExponential = 20;

struct Extent {
  int64_t rows, columns, depth;
};

double weighBlock(Extent block, const ProductTiles &tiles) {
  if (block.rows <= 0)
    return ofTask;
  int64_t tileRows = tiles.inTileRegisters ? 16 : tiles.rows,
          tileColumns = tiles.inTileRegisters ? 16 : tiles.vectors * arithmetic::lanes;
  double rows = double(llvm::alignTo(block.rows, tileRows)),
         columns = double(llvm::alignTo(block.columns, tileColumns));
  double depth = double(block.depth);
  return (rows * columns * (depth + epilogue) + (rows + columns) * depth * packing) / lanes + ofTask;
}

/// Block `number` of a length that is cut into blocks.
int64_t lengthOfBlock(int64_t length, int64_t block, int64_t number) {
  return std::clamp<int64_t>(length - number * block, 0, block);
}

/// Appends the blocks of one matrix in the order of their tasks.
void appendBlocks(SmallVectorImpl<double> &weights, Extent all, const ProductTiles &tiles, bool rowsFirst) {
  int64_t rowTasks = llvm::divideCeil(all.rows, tiles.rowBlock),
          columnTasks = llvm::divideCeil(all.columns, tiles.columnBlock);
  for (int64_t task = 0; task < rowTasks * columnTasks; ++task) {
    int64_t row = rowsFirst ? task % rowTasks : task / columnTasks;
    int64_t column = rowsFirst ? task / rowTasks : task % columnTasks;
    weights.push_back(weighBlock({lengthOfBlock(all.rows, tiles.rowBlock, row),
                                  lengthOfBlock(all.columns, tiles.columnBlock, column), all.depth},
                                 tiles));
  }
}

/// The order in which experts are multiplied over their depth (findByLoad in codegen/CPU/ContractionLowering.cpp).
void orderByLoad(SmallVectorImpl<int64_t> &sizes) {
  int64_t all = std::accumulate(sizes.begin(), sizes.end(), int64_t(0)), experts = sizes.size();
  auto classOf = [&](int64_t size) { return size * experts > 4 * all ? 0 : size * experts > all ? 1 : 2; };
  SmallVector<int64_t> ordered;
  for (int number = 0; number < 3; ++number)
    llvm::copy_if(sizes, std::back_inserter(ordered), [&](int64_t size) { return classOf(size) == number; });
  sizes = ordered;
}

SmallVector<double> weighContraction(const Contraction &contraction, ChoiceInterface choice, const StageSpec &stage,
                                     GroupSizes sizes) {
  if (!isa_and_nonnull<choices::ProductTilesAttr, choices::TileBlocksAttr>(choice))
    return {};
  ProductTiles tiles = ProductTiles::of(choice, contraction.shape);
  bool rowsFirst = ContractionTasks(contraction, tiles).rowsFirst;
  SmallVector<double> weights;
  Extent all{contraction.rows, contraction.columns, contraction.depth};
  if (contraction.grouping == ContractionGrouping::None) {
    for (int64_t batch = 0; batch < contraction.products(); ++batch)
      appendBlocks(weights, all, tiles, rowsFirst);
  } else {
    bool isOfRows = contraction.grouping == ContractionGrouping::Rows;
    SmallVector<int64_t> loads = sizes(contraction.groupedRows, contraction.batches);
    if (!isOfRows)
      orderByLoad(loads);
    for (int64_t size : loads) {
      (isOfRows ? all.rows : all.depth) = size;
      appendBlocks(weights, all, tiles, rowsFirst);
    }
  }
  // Tasks beyond the blocks that there are find nothing to do.
  weights.resize(stage.tasks, ofTask);
  return weights;
}

SmallVector<double> weighAttention(AttentionOpInterface attention, const StageSpec &stage) {
  AttentionShape shape = AttentionShape::of(attention);
  double channels = double(shape.query() + shape.value);
  if (stage.name == "rotary_key")
    return SmallVector<double>(stage.tasks, double(shape.batch * shape.keys * shape.heads * shape.rope) /
                                                double(stage.tasks) / lanes);
  int64_t heads = shape.batch * shape.heads, blocks = stage.tasks / heads;
  if (blocks * heads != stage.tasks)
    return {};
  int64_t block = llvm::divideCeil(shape.sequence, blocks);
  SmallVector<double> weights;
  for (int64_t task = 0; task < stage.tasks; ++task) {
    int64_t first = task % blocks * block, queries = lengthOfBlock(shape.sequence, block, task % blocks);
    double keys = shape.isPlain() ? double(first) + double(queries + 1) / 2 : double(shape.keys);
    double products = attention.isGradient() ? 2.5 : 1;
    weights.push_back(double(queries) * keys * (channels * products + ofExponential) / lanes + ofTask);
  }
  return weights;
}

SmallVector<double> weighHead(const Head &head, const HeadChoice &choice, const StageSpec &stage) {
  int64_t chunk = choice.chunk;
  SmallVector<double> weights;
  auto product = [&](ChoiceInterface chosen, const ProductShape &shape) {
    appendBlocks(weights, {shape.rows, shape.columns, shape.depth}, ProductTiles::of(chosen, shape),
                 shape.rows <= shape.columns);
    return weights;
  };
  if (stage.name == "logits")
    return product(choice.logits, head.logits(chunk));
  if (stage.name == "hidden_gradient")
    return product(choice.hiddenGradient, head.hiddenProduct(chunk));
  if (stage.name == "weight_gradient")
    return product(choice.weightGradient, head.weightProduct(chunk));
  double rows = stage.name == "softmax" ? double(headRowsPerTask) * double(head.vocabulary) : double(head.tokens);
  return SmallVector<double>(stage.tasks, rows * ofExponential / lanes + ofTask);
}

} // namespace

SmallVector<double> hadal::weighTasks(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                                      const StageSpec &stage, GroupSizes sizes) {
  SmallVector<double> weights;
  if (const Contraction *contraction = anatomy.contraction())
    weights = weighContraction(*contraction, configuration.choice, stage, sizes);
  else if (AttentionOpInterface attention = anatomy.attention())
    weights = weighAttention(attention, stage);
  else if (anatomy.head() && configuration.choice)
    weights = weighHead(*anatomy.head(), HeadChoice::of(configuration.choice), stage);
  if (weights.empty())
    weights.assign(stage.tasks, 1.0);
  return weights;
}
