//===- Inputs.cpp - what a kernel under check is given ------------------------------------------------------------===//
//
// First the reference evaluator's own rules give every operand a value. Then operands are looked at through their
// users: the role of an integer (tokens, indices, pairs, rows, offsets) and the range of numbers follow from the
// operation that reads them. Scores and logits get a standard deviation of 2: every key and token then has a weight
// that can be told from the others', and none has nearly all of it. All routing data of one kernel comes from one
// random choice of experts, and what the gradient of attention is given of attention's results belongs to its other
// operands. Keys behind those that a sample has, and queries that see none, are no numbers, since nothing may depend on
// them.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Inputs.h"
#include "dialect/IR/WeightCodes.h"
#include "dialect/Reference/Definitions.h"
#include "dialect/Reference/Inputs.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

/// The standard deviation of scores and logits. A product of numbers in [-a, a) and [-b, b) has that of ab/3.
static constexpr double spread = 2.0;

namespace {

int64_t lastDimension(Value value) { return cast<RankedTensorType>(value.getType()).getShape().back(); }
int64_t elements(Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); }

/// What the operands of a kernel stand for.
struct Roles {
  DenseMap<Value, std::pair<double, double>> range; // plain numbers in [low, high)
  DenseMap<Value, int64_t> pages;                   // of a cache with so many, each as often as any other
  SmallVector<Value> indices, pairs, rows, offsets;
  int64_t experts = 0, choices = 1, count = 0; // E, k, N
};

Roles findRoles(KernelOp kernel) {
  Roles roles;
  auto isArgument = [](Value value) { return isa<BlockArgument>(value); };
  auto use = [&](SmallVector<Value> &list, Value value) {
    if (isArgument(value) && !llvm::is_contained(list, value))
      list.push_back(value);
  };
  auto offsets = [&](Value value, int64_t rowCount) {
    use(roles.offsets, value);
    roles.experts = elements(value) - 1;
    roles.count = rowCount;
  };
  auto below = [&](Value value, int64_t limit) { roles.range[value] = {0.0, double(limit)}; };
  auto within = [&](Value value, double bound) { roles.range[value] = {-bound, bound}; };
  kernel.walk([&](Operation *op) {
    TypeSwitch<Operation *>(op)
        .Case([&](EmbeddingOp e) { below(e.getTokens(), e.getVocabulary()); })
        .Case([&](EmbeddingGradientOp e) { below(e.getTokens(), e.getType().getShape().front()); })
        .Case([&](CrossEntropyOp e) {
          below(e.getTargets(), e.getVocabulary());
          if (!e.getWeights().empty())
            within(e.getWeights().front(), 3.0 * spread / std::sqrt(double(lastDimension(e.getHidden()))));
        })
        .Case<CrossEntropyGradientOp, LogProbabilitiesOp>([&](auto e) {
          below(e.getTargets(), cast<RankedTensorType>(e.getWeight().getType()).getShape().front());
          within(e.getWeight(), 3.0 * spread / std::sqrt(double(lastDimension(e.getHidden()))));
        })
        .Case(
            [&](LogitsOp e) { within(e.getWeight(), 3.0 * spread / std::sqrt(double(lastDimension(e.getHidden())))); })
        .Case([&](WritePagesOp e) {
          below(e.getPages(), e.getCache().getType().getDimSize(0));
          below(e.getPositions(), lastDimension(e.getPages()) * e.getCache().getType().getDimSize(1));
        })
        .Case([&](ReadPagesOp e) {
          below(e.getPages(), e.getCache().getType().getDimSize(0));
          below(e.getLengths(), e.getType().getDimSize(1) + 1);
        })
        .Case([&](LatentAttentionOp e) {
          double channels = lastDimension(e.getLatents()) + lastDimension(e.getRotaryKeys());
          double bound = std::sqrt(3.0 * spread / (e.getScale().convertToDouble() * std::sqrt(channels)));
          for (Value factor : {e.getAbsorbed(), e.getQuery(), e.getLatents(), e.getRotaryKeys()})
            within(factor, bound);
          int64_t positions = lastDimension(e.getPages()) * e.getLatents().getType().getDimSize(1);
          roles.pages[e.getPages()] = e.getLatents().getType().getDimSize(0);
          below(e.getPositions(), positions);
          roles.range[e.getLengths()] = {1.0, positions + 1.0};
        })
        .Case([&](DequantizeWeightOp e) {
          // Integers fill their bytes; scales are not negative.
          bool isReal = e.getFormat() == CodeFormat::FP8, areTwo = e.getFormat() == CodeFormat::Int4;
          roles.range[e.getCodes()] = isReal   ? std::pair(-448.0, 448.0)
                                      : areTwo ? std::pair(-128.0, 128.0)
                                               : std::pair(-127.0, 128.0);
          double largest = getCodeForm(e.getFormat()).largest;
          roles.range[e.getScales()] = {0.2 / largest, 1.0 / largest};
        })
        .Case([&](CountedMatmulOp e) { below(e.getCounts(), e.getLhs().getType().getDimSize(1) + 1); })
        .Case([&](PickRowsOp e) { below(e.getIndices(), e.getInput().getType().getDimSize(1)); })
        .Case<AttentionOp, AttentionGradientOp>([&](auto e) {
          double channels = lastDimension(e.getQuery()) / int64_t(e.getHeads());
          double bound = std::sqrt(3.0 * spread / (e.getScale().convertToDouble() * std::sqrt(channels)));
          for (Value factor : {e.getQuery(), e.getKeyValue(), e.getRotaryKey()})
            within(factor, bound);
          int64_t keys = cast<ShapedType>(e.getKeyValue().getType()).getDimSize(1);
          if (e.getPositions())
            below(e.getPositions(), keys);
          if (e.getKeyLengths())
            roles.range[e.getKeyLengths()] = {1.0, keys + 1.0};
        })
        .Case([&](RotationOpInterface e) {
          if (e.getPositions())
            below(e.getPositions(), e.getPositionCount());
        })
        .Case([&](TokensOp e) { below(e.getWindow(), 1000); })
        .Case([&](AdamWOp e) {
          // What an update meets: sums of squares are not negative, factors and bias corrections lie in (0, 1).
          roles.range[e.getSecondMoment()] = {0.0, 1.0};
          for (Value factor : {e.getBeta1(), e.getBeta2(), e.getBiasCorrection1(), e.getBiasCorrection2(),
                               e.getGradientScale(), e.getLearningRate(), e.getWeightDecay()})
            roles.range[factor] = {0.5, 0.95};
          roles.range[e.getEpsilon()] = {1.0e-8, 1.0e-7};
        })
        .Case([&](GradientNormOp e) {
          for (Value number : e->getOperands())
            roles.range[number] = {0.5, 1.0};
        })
        .Case([&](RouterGradientOp e) {
          use(roles.indices, e.getIndices());
          roles.experts = lastDimension(e.getLogits());
          roles.choices = lastDimension(e.getIndices());
          roles.count = elements(e.getIndices());
        })
        .Case([&](DispatchOp e) {
          use(roles.indices, e.getIndices());
          roles.experts = elements(e.getOffsets()) - 1;
          roles.choices = lastDimension(e.getIndices());
          roles.count = elements(e.getIndices());
        })
        .Case([&](GatherRowsOp e) {
          use(roles.pairs, e.getPairs());
          use(roles.rows, e.getRows());
          roles.choices = lastDimension(e.getRows());
          roles.count = elements(e.getPairs());
        })
        .Case([&](CombineRowsOp e) {
          use(roles.pairs, e.getPairs());
          use(roles.rows, e.getRows());
          roles.choices = lastDimension(e.getRows());
          roles.count = elements(e.getRows());
        })
        .Case([&](CombineRowsGradientOp e) {
          use(roles.pairs, e.getPairs());
          roles.choices = lastDimension(e.getExpertWeights());
          roles.count = elements(e.getPairs());
        })
        .Case([&](ContractionOpInterface product) {
          std::optional<ContractionForm> form = product.getContraction();
          if (form && form->grouping != ContractionGrouping::None)
            offsets(product->getOperand(form->offsets),
                    form->grouping == ContractionGrouping::Rows ? form->rows : form->depth);
        });
  });
  if (roles.experts == 0)
    roles.experts = std::max<int64_t>(roles.choices, 4);
  return roles;
}

/// k distinct experts for every token, flattened.
std::vector<double> chooseExperts(const Roles &roles, uint64_t seed, Routing routing) {
  std::mt19937_64 generator(seed);
  std::vector<int64_t> order(roles.experts);
  std::iota(order.begin(), order.end(), 0);
  int64_t k = std::min(roles.choices, roles.experts);
  int64_t pool = routing == Routing::Uniform ? roles.experts
                 : routing == Routing::Last  ? k
                                             : std::max(k, (roles.experts + 2) / 3);
  std::vector<double> result;
  for (int64_t token = 0; token < roles.count / roles.choices; ++token) {
    // The pool is the end of the list, so that the first experts are the empty ones.
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.end() - pool, order.end(), generator);
    for (int64_t choice = 0; choice < roles.choices; ++choice)
      result.push_back(order[roles.experts - 1 - choice % roles.experts]);
  }
  return result;
}

} // namespace

static LogicalResult attend(KernelOp kernel, AttentionGradientOp gradient, MutableArrayRef<Tensor> inputs) {
  OpBuilder builder(kernel.getContext());
  OwningOpRef<AttentionOp> attention = AttentionOp::create(
      builder, gradient.getLoc(), gradient.getOutput().getType(), gradient.getLogSumExp().getType(),
      gradient.getQuery(), gradient.getKeyValue(), gradient.getRotaryKey(), gradient.getPositions(),
      gradient.getKeyLengths(), gradient.getHeads(), gradient.getNope(), gradient.getValue(), gradient.getScale());
  SmallVector<Value> given(attention->getOperands());
  SmallVector<Value> replaced = {gradient.getOutput(), gradient.getLogSumExp()};
  SmallVector<Tensor> operands, results;
  for (Value operand : llvm::concat<Value>(given, replaced))
    if (!isa<BlockArgument>(operand))
      return success();
  for (Value operand : given)
    operands.push_back(inputs[cast<BlockArgument>(operand).getArgNumber()]);
  if (failed(attention->evaluate(operands, results)))
    return failure();
  for (auto [operand, result] : llvm::zip(replaced, results)) {
    unsigned index = cast<BlockArgument>(operand).getArgNumber();
    if (kernel.getArgAttr(index, valueAttrName) || kernel.getArgAttr(index, rangeAttrName))
      continue;
    for (double &number : result.data)
      number = float(number);
    reference::roundTo(operand.getType(), result);
    inputs[index] = std::move(result);
  }
  return success();
}

LogicalResult hadal::check::attend(KernelOp kernel, MutableArrayRef<Tensor> inputs) {
  auto walked = kernel.walk([&](AttentionGradientOp op) { return WalkResult(::attend(kernel, op, inputs)); });
  return failure(walked.wasInterrupted());
}

/// The inputs of a kernel, by the values that they are.
class NamedInputs {
public:
  explicit NamedInputs(MutableArrayRef<Tensor> inputs) : inputs(inputs) {}
  /// Null for what is no operand of the kernel.
  Tensor *find(Value value) const {
    auto argument = dyn_cast_if_present<BlockArgument>(value);
    return argument ? &inputs[argument.getArgNumber()] : nullptr;
  }
  static void hide(Tensor &tensor, int64_t row) { llvm::fill(reference::row(tensor, row), NAN); }

private:
  MutableArrayRef<Tensor> inputs;
};

static void hideUnseen(AttentionOpInterface attention, const NamedInputs &inputs) {
  const Tensor *lengths = inputs.find(attention.getKeyLengths()), *positions = inputs.find(attention.getPositions());
  for (Tensor *keys : {inputs.find(attention.getKeyValue()), inputs.find(attention.getRotaryKey())})
    for (int64_t row = 0; lengths && keys && row < keys->rows(); ++row)
      if (double(row % keys->shape[1]) >= lengths->data[row / keys->shape[1]])
        inputs.hide(*keys, row);
  if (Tensor *queries = inputs.find(attention.getQuery()))
    for (int64_t row = 0; row < queries->rows(); ++row)
      if ((positions && positions->data[row] < 0.0) || (lengths && lengths->data[row / queries->shape[1]] <= 0.0))
        inputs.hide(*queries, row);
}

/// Whatever no query sees of a cache: positions behind all queries of a sequence, and pages that no table names.
static void hideUnseen(LatentAttentionOp attention, const NamedInputs &inputs) {
  Tensor *absorbed = inputs.find(attention.getAbsorbed()), *query = inputs.find(attention.getQuery());
  Tensor *latents = inputs.find(attention.getLatents()), *rotaryKeys = inputs.find(attention.getRotaryKeys());
  const Tensor *pages = inputs.find(attention.getPages()), *positions = inputs.find(attention.getPositions());
  const Tensor *lengths = inputs.find(attention.getLengths());
  if (!absorbed || !query || !latents || !rotaryKeys || !pages || !positions || !lengths)
    return;
  std::vector<bool> isSeen(latents->rows());
  int64_t length = latents->shape[1], most = pages->columns() * length;
  for (int64_t row = 0; row < absorbed->rows(); ++row) {
    int64_t sequence = row / absorbed->shape[1];
    int64_t seen = std::min({int64_t(positions->data[row]) + 1, int64_t(lengths->data[sequence]), most});
    for (Tensor *queries : {absorbed, query})
      if (seen <= 0)
        inputs.hide(*queries, row);
    for (int64_t position = 0; position < seen; ++position)
      if (double page = pages->at(sequence, position / length); page >= 0.0 && page < double(latents->shape[0]))
        isSeen[int64_t(page) * length + position % length] = true;
  }
  for (Tensor *cache : {latents, rotaryKeys})
    for (int64_t row = 0; row < cache->rows(); ++row)
      if (!isSeen[row])
        inputs.hide(*cache, row);
}

/// Rows of a left-hand side that are not there.
static void hideUnseen(CountedMatmulOp product, const NamedInputs &inputs) {
  Tensor *lhs = inputs.find(product.getLhs());
  const Tensor *counts = inputs.find(product.getCounts());
  for (int64_t row = 0; lhs && counts && row < lhs->rows(); ++row)
    if (double(row % lhs->shape[1]) >= counts->data[row / lhs->shape[1]])
      inputs.hide(*lhs, row);
}

/// Makes keys and values that lie behind those that their sample has, and queries that see no key, no numbers: what is
/// computed from them then is none either. The same of what else is not to be read.
static void hideUnseen(KernelOp kernel, MutableArrayRef<Tensor> tensors) {
  NamedInputs inputs(tensors);
  kernel.walk([&](Operation *op) {
    TypeSwitch<Operation *>(op).Case<AttentionOpInterface, LatentAttentionOp, CountedMatmulOp>(
        [&](auto reader) { ::hideUnseen(reader, inputs); });
  });
}

/// A table that names the pages of a cache in any order, each once before any is named twice.
static Tensor shufflePages(reference::Inputs &source, const std::string &name, RankedTensorType table, int64_t pages) {
  Builder builder(table.getContext());
  Tensor keys = source.uniform(name, RankedTensorType::get({pages}, builder.getF32Type()), 0.0, 1.0);
  std::vector<int64_t> order(pages);
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int64_t a, int64_t b) { return std::pair(keys.data[a], a) < std::pair(keys.data[b], b); });
  Tensor result(table.getShape());
  for (auto [index, number] : llvm::enumerate(result.data))
    number = double(order[index % order.size()]);
  return result;
}

FailureOr<SmallVector<Tensor>> hadal::check::makeInputs(KernelOp kernel, uint64_t seed, Routing routing,
                                                        bool integersOnly) {
  reference::Inputs source(seed);
  Roles roles = findRoles(kernel);
  SmallVector<Tensor> inputs;
  for (unsigned index = 0; index < kernel.getNumArguments(); ++index) {
    auto type = cast<ShapedType>(kernel.getArgumentTypes()[index]);
    if (integersOnly && isa<FloatType>(type.getElementType())) {
      inputs.emplace_back(); // which nobody looks at
      continue;
    }
    FailureOr<Tensor> tensor = source.argument(kernel, index);
    if (failed(tensor))
      return failure();
    BlockArgument argument = kernel.getArgument(index);
    bool given = kernel.getArgAttr(index, valueAttrName) || kernel.getArgAttr(index, rangeAttrName);
    if (auto range = roles.range.find(argument); range != roles.range.end() && !given)
      *tensor = source.uniform((kernel.getName() + "#" + Twine(index)).str(), cast<ShapedType>(argument.getType()),
                               range->second.first, range->second.second);
    if (auto pages = roles.pages.find(argument); pages != roles.pages.end() && !given)
      *tensor = shufflePages(source, (kernel.getName() + "#" + Twine(index)).str(),
                             cast<RankedTensorType>(argument.getType()), pages->second);
    reference::roundTo(argument.getType(), *tensor);
    inputs.push_back(std::move(*tensor));
  }
  if (!integersOnly)
    hideUnseen(kernel, inputs);
  if (roles.count == 0)
    return inputs;

  std::vector<double> experts = chooseExperts(roles, seed, routing);
  int64_t count = experts.size();
  std::vector<int64_t> pairs(count);
  std::iota(pairs.begin(), pairs.end(), 0);
  std::sort(pairs.begin(), pairs.end(),
            [&](int64_t a, int64_t b) { return std::pair(experts[a], a) < std::pair(experts[b], b); });
  auto fill = [&](ArrayRef<Value> values, auto element) {
    for (Value value : values) {
      unsigned index = cast<BlockArgument>(value).getArgNumber();
      if (kernel.getArgAttr(index, valueAttrName))
        continue;
      for (int64_t i = 0; i < inputs[index].size(); ++i)
        inputs[index].data[i] = element(i);
    }
  };
  std::vector<int64_t> rowOfPair(count), firstRow(roles.experts + 1, 0);
  for (int64_t row = 0; row < count; ++row) {
    rowOfPair[pairs[row]] = row;
    ++firstRow[int64_t(experts[row]) + 1];
  }
  std::partial_sum(firstRow.begin(), firstRow.end(), firstRow.begin());
  fill(roles.indices, [&](int64_t i) { return experts[i]; });
  fill(roles.pairs, [&](int64_t i) { return double(pairs[i]); });
  fill(roles.rows, [&](int64_t i) { return double(rowOfPair[i]); });
  fill(roles.offsets, [&](int64_t i) { return double(firstRow[i]); });
  return inputs;
}
