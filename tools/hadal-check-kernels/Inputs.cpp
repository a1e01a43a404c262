//===- Inputs.cpp - what a kernel under check is given ------------------------------------------------------------===//
//
// First the reference evaluator's own rules give every operand a value. Then operands are looked at through their
// users: the role of an integer (tokens, indices, pairs, rows, offsets) and the range that an update expects of its
// numbers follow from the operation that reads them. All routing data of one kernel comes from one random choice of
// experts.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Inputs.h"
#include "dialect/Reference/Inputs.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <numeric>
#include <random>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

int64_t lastDimension(Value value) { return cast<RankedTensorType>(value.getType()).getShape().back(); }
int64_t elements(Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); }

/// What the operands of a kernel stand for.
struct Roles {
  DenseMap<Value, std::pair<double, double>> range; // plain numbers in [low, high)
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
  kernel.walk([&](Operation *op) {
    TypeSwitch<Operation *>(op)
        .Case([&](EmbeddingOp e) { below(e.getTokens(), e.getVocabulary()); })
        .Case([&](EmbeddingGradientOp e) { below(e.getTokens(), e.getType().getShape().front()); })
        .Case([&](CrossEntropyOp e) { below(e.getTargets(), e.getVocabulary()); })
        .Case([&](CrossEntropyGradientOp e) {
          below(e.getTargets(), cast<RankedTensorType>(e.getWeight().getType()).getShape().front());
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
        .Case([&](GroupedMatmulOp e) {
          offsets(e.getOffsets(), cast<RankedTensorType>(e.getLhs().getType()).getShape().front());
        })
        .Case([&](GroupedOuterProductOp e) {
          offsets(e.getOffsets(), cast<RankedTensorType>(e.getLhs().getType()).getShape().front());
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

/// To the nearest numbers that a kernel can be given in bf16.
static void roundToBF16(Tensor &tensor) {
  for (double &element : tensor.data) {
    uint32_t bits = llvm::bit_cast<uint32_t>(float(element));
    element = llvm::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
  }
}

FailureOr<SmallVector<Tensor>> hadal::check::makeInputs(KernelOp kernel, uint64_t seed, Routing routing) {
  reference::Inputs source(seed);
  Roles roles = findRoles(kernel);
  SmallVector<Tensor> inputs;
  for (unsigned index = 0; index < kernel.getNumArguments(); ++index) {
    FailureOr<Tensor> tensor = source.argument(kernel, index);
    if (failed(tensor))
      return failure();
    BlockArgument argument = kernel.getArgument(index);
    bool given = kernel.getArgAttr(index, "hadal.value") || kernel.getArgAttr(index, "hadal.range");
    if (auto range = roles.range.find(argument); range != roles.range.end() && !given)
      *tensor = source.uniform((kernel.getName() + "#" + Twine(index)).str(), cast<ShapedType>(argument.getType()),
                               range->second.first, range->second.second);
    if (cast<ShapedType>(argument.getType()).getElementType().isBF16())
      roundToBF16(*tensor);
    inputs.push_back(std::move(*tensor));
  }
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
      if (kernel.getArgAttr(index, "hadal.value"))
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
