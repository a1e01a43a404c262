//===- Faults.cpp - mistakes that a check of a kernel has to notice -----------------------------------------------===//
//
// A row of keys, or of the head's weight, is hidden by giving it a large negative number in the channel that is
// positive in every query, and zeros elsewhere: its score is then so low that softmax gives it no weight, as if the
// loop over rows had ended before it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Faults.h"
#include "dialect/IR/Conversions.h"
#include "dialect/Reference/Definitions.h"
#include "tools/hadal-check-kernels/Inputs.h"
#include "tools/hadal-check-kernels/Roundings.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

/// How many rows a loop over keys or over the vocabulary loses, where there are twice as many.
static constexpr int64_t lostKeys = 16, lostTokens = 8;
/// What a hidden row has in the channel that is positive in all queries.
static constexpr double hiding = -0x1p14;
/// The logit of an expert that nobody may choose.
static constexpr double lostLogit = -64.0;
static constexpr double scaleError = 1.0 + 0x1p-6;

static constexpr StringLiteral kindNames[] = {"vocabulary", "keys", "expert", "rows", "columns", "scale", "position"};

StringRef hadal::check::stringifyFaultKind(FaultKind kind) { return kindNames[unsigned(kind)]; }

llvm::Expected<SmallVector<FaultKind>> hadal::check::parseFaultKinds(ArrayRef<std::string> names) {
  SmallVector<FaultKind> kinds;
  for (const std::string &name : names) {
    size_t before = kinds.size();
    for (auto [index, known] : llvm::enumerate(kindNames))
      if (name == known || name == "all")
        kinds.push_back(FaultKind(index));
    if (kinds.size() == before)
      return llvm::createStringError("unknown fault '" + name + "' in --plant-fault: give all, or some of " +
                                     llvm::join(ArrayRef<StringLiteral>(kindNames), ", "));
  }
  return kinds;
}

static bool isFloat(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

namespace {

/// The operand of the kernel that a value is, widened or not; nothing for what the kernel computes.
std::optional<unsigned> operandOf(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(getUnwidened(value)))
    return argument.getArgNumber();
  return std::nullopt;
}

/// The offsets by which a product is grouped; null when it is not.
Value offsetsOf(ContractionOpInterface product) {
  std::optional<ContractionForm> form = product.getContraction();
  return form && form->grouping != ContractionGrouping::None ? product->getOperand(form->offsets) : Value();
}

/// The scores of attention, or the head's logits: rows of queries that are multiplied with rows of keys.
struct Scores {
  std::optional<unsigned> query, keys, rotaryKeys = std::nullopt, targets = std::nullopt;
  int64_t heads = 1, nope = 0, queryChannels = 0, keyChannels = 0;

  bool areAttention() const { return !targets; }
};

/// The scores that a kernel's softmax is over, where their factors are operands of the kernel.
SmallVector<Scores> findScores(KernelOp kernel) {
  SmallVector<Scores> found;
  auto addHead = [&](Value hidden, Value weight, Value targets) {
    Scores scores{operandOf(hidden), operandOf(weight)};
    scores.targets = operandOf(targets);
    if (scores.query && scores.keys && scores.targets)
      found.push_back(scores);
  };
  kernel.walk([&](Operation *op) {
    TypeSwitch<Operation *>(op)
        .Case<AttentionOp, AttentionGradientOp>([&](auto attention) {
          int64_t heads = attention.getHeads(), nope = attention.getNope();
          int64_t rope = cast<ShapedType>(attention.getRotaryKey().getType()).getShape().back();
          Scores scores{operandOf(attention.getQuery()), operandOf(attention.getKeyValue())};
          scores.rotaryKeys = operandOf(attention.getRotaryKey());
          scores.heads = heads;
          scores.nope = nope;
          scores.queryChannels = nope + rope;
          scores.keyChannels = nope + int64_t(attention.getValue());
          if (scores.query && scores.keys && scores.rotaryKeys)
            found.push_back(scores);
        })
        .Case([&](LatentAttentionOp attention) {
          // One key for all heads; of a query, its product with the latent.
          Scores scores{operandOf(attention.getAbsorbed()), operandOf(attention.getLatents())};
          scores.rotaryKeys = operandOf(attention.getRotaryKeys());
          scores.nope = scores.queryChannels = scores.keyChannels = attention.getLatents().getType().getDimSize(2);
          if (scores.query && scores.keys && scores.rotaryKeys)
            found.push_back(scores);
        })
        .Case([&](CrossEntropyOp head) {
          if (!head.getWeights().empty())
            addHead(head.getHidden(), head.getWeights().front(), head.getTargets());
        })
        .Case<CrossEntropyGradientOp, LogProbabilitiesOp>(
            [&](auto head) { addHead(head.getHidden(), head.getWeight(), head.getTargets()); });
  });
  return found;
}

/// Plants faults of one kind.
class Planter {
public:
  Planter(FaultKind kind, KernelOp kernel, ArrayRef<Tensor> inputs) : kind(kind), kernel(kernel), inputs(inputs) {}

  SmallVector<Fault> plant();

private:
  /// A fault in an operand, which `change` makes wrong.
  void inOperand(unsigned operand, function_ref<void(Tensor &)> change);
  void inResult(unsigned result, std::function<void(Tensor &)> change);
  /// A fault in every operand and every result of floats.
  void everywhere(std::function<void(Tensor &)> change);

  void hideTokens(const Scores &scores);
  void hideKeys(const Scores &scores);
  void loseExpert();
  void changeScales();
  void changePositions();
  void rotateNeighbours();

  FaultKind kind;
  KernelOp kernel;
  ArrayRef<Tensor> inputs;
  SmallVector<Fault> faults;
};

void Planter::inOperand(unsigned operand, function_ref<void(Tensor &)> change) {
  Fault &fault = faults.emplace_back(
      Fault{kind, "operand " + std::to_string(operand), SmallVector<Tensor>(inputs.begin(), inputs.end()), {}});
  Tensor &tensor = fault.inputs[operand];
  change(tensor);
  for (double &value : tensor.data)
    value = float(value);
  reference::roundTo(kernel.getArgumentTypes()[operand], tensor);
}

void Planter::inResult(unsigned result, std::function<void(Tensor &)> change) {
  faults.push_back({kind, "result " + std::to_string(result), SmallVector<Tensor>(inputs.begin(), inputs.end()),
                    [=](MutableArrayRef<Tensor> results) { change(results[result]); }});
}

void Planter::everywhere(std::function<void(Tensor &)> change) {
  for (auto [index, type] : llvm::enumerate(kernel.getArgumentTypes()))
    if (isFloat(type) && cast<ShapedType>(type).getRank() > 0)
      inOperand(index, change);
  for (auto [index, type] : llvm::enumerate(kernel.getResultTypes()))
    if (cast<ShapedType>(type).getRank() > 0)
      inResult(index, change);
}

int64_t lostRows(int64_t rows, int64_t most) { return std::min(most, rows / 2); }

void Planter::hideTokens(const Scores &scores) {
  inOperand(*scores.keys, [&](Tensor &weight) {
    int64_t vocabulary = weight.rows();
    for (int64_t token = vocabulary - lostRows(vocabulary, lostTokens); token < vocabulary; ++token) {
      llvm::fill(reference::row(weight, token), 0.0);
      weight.at(token, 0) = hiding;
    }
  });
}

void Planter::hideKeys(const Scores &scores) {
  int64_t length = inputs[*scores.keys].shape[1], lost = lostRows(length, lostKeys);
  if (lost == 0 || scores.nope == 0)
    return;
  auto isLost = [=](int64_t row) { return row % length >= length - lost; };
  inOperand(*scores.keys, [&](Tensor &keys) {
    for (int64_t row = 0; row < keys.rows(); ++row)
      for (int64_t head = 0; isLost(row) && head < scores.heads; ++head) {
        MutableArrayRef<double> key = reference::row(keys, row).slice(head * scores.keyChannels, scores.nope);
        llvm::fill(key, 0.0);
        key.front() = hiding;
      }
  });
  Tensor &rotary = faults.back().inputs[*scores.rotaryKeys];
  for (int64_t row = 0; row < rotary.rows(); ++row)
    if (isLost(row))
      llvm::fill(reference::row(rotary, row), 0.0);
}

void Planter::loseExpert() {
  auto loseLogits = [](Tensor &logits) {
    for (int64_t row = 0; row < logits.rows(); ++row)
      logits.at(row, logits.columns() - 1) = lostLogit;
  };
  auto loseOffset = [](Tensor &offsets) {
    double begin = 0.0, end = offsets.data.back();
    for (double offset : offsets.data)
      begin = offset < end ? offset : begin;
    llvm::replace(offsets.data, end, begin);
  };
  auto loseChoices = [](Tensor &indices) {
    double last = *llvm::max_element(indices.data);
    llvm::replace(indices.data, last, last == 0.0 ? 1.0 : 0.0);
  };
  // Rows, or the pairs that they belong to, are sorted by expert.
  auto loseRows = [](Tensor &rows) {
    int64_t count = rows.rank() > 1 ? rows.rows() : rows.size(), lost = std::max<int64_t>(count / 4, 1);
    std::fill(rows.data.end() - lost * (rows.size() / count), rows.data.end(), 0.0);
  };
  auto loseLoad = [](Tensor &load) { load.data.back() = 0.0; };
  auto in = [&](Value value, auto change) {
    if (std::optional<unsigned> operand = operandOf(value))
      inOperand(*operand, change);
  };
  kernel.walk([&](Operation *op) {
    TypeSwitch<Operation *>(op)
        .Case([&](ContractionOpInterface product) {
          if (Value offsets = offsetsOf(product))
            in(offsets, loseOffset);
        })
        .Case([&](DispatchOp dispatch) { in(dispatch.getIndices(), loseChoices); })
        .Case([&](GatherRowsOp gather) { in(gather.getPairs(), loseRows); })
        .Case<CombineRowsOp, CombineRowsGradientOp>([&](auto combine) { in(combine.getInput(), loseRows); })
        .Case<RouterOp, RouterGradientOp, SequenceBalanceLossOp, SequenceBalanceLossGradientOp, VarianceBalanceLossOp,
              VarianceBalanceLossGradientOp>([&](auto router) { in(router.getLogits(), loseLogits); })
        .Case([&](RouterBiasUpdateOp update) { in(update.getLoad(), loseLoad); });
  });
}

void Planter::changeScales() {
  auto change = [](Tensor &tensor) {
    for (double &value : tensor.data)
      value *= scaleError;
  };
  for (const Scores &scores : findScores(kernel))
    inOperand(*scores.query, change);
  for (auto [index, type] : llvm::enumerate(kernel.getArgumentTypes()))
    if (isFloat(type) && cast<ShapedType>(type).getRank() == 0)
      inOperand(index, change);
  for (auto [index, type] : llvm::enumerate(kernel.getResultTypes()))
    if (isFloat(type))
      inResult(index, change);
}

/// Moves the tensor's parts by one along a dimension, the last to the first place, or back.
void rotateAlong(int64_t dimension, bool back, Tensor &tensor) {
  int64_t length = tensor.shape[dimension], inner = 1;
  for (int64_t extent : ArrayRef(tensor.shape).drop_front(dimension + 1))
    inner *= extent;
  for (auto begin = tensor.data.begin(); begin != tensor.data.end(); begin += length * inner)
    std::rotate(begin, begin + (back ? inner : (length - 1) * inner), begin + length * inner);
}

/// Rotary embedding of the neighbour's position: sequences go in moved by one position, and come out moved back.
void Planter::rotateNeighbours() {
  bool rotates = false;
  kernel.walk([&](RotationOpInterface) { rotates = true; });
  if (!rotates)
    return;
  auto isSequence = [](Type type) { return cast<ShapedType>(type).getRank() == 3; };
  Fault &fault =
      faults.emplace_back(Fault{kind, "the rotation", SmallVector<Tensor>(inputs.begin(), inputs.end()), {}});
  for (auto [type, tensor] : llvm::zip_equal(kernel.getArgumentTypes(), fault.inputs))
    if (isSequence(type))
      rotateAlong(1, /*back=*/false, tensor);
  SmallVector<bool> moved(llvm::map_range(kernel.getResultTypes(), isSequence));
  fault.alter = [moved](MutableArrayRef<Tensor> results) {
    for (auto [isMoved, tensor] : llvm::zip_equal(moved, results))
      if (isMoved)
        rotateAlong(1, /*back=*/true, tensor);
  };
}

void Planter::changePositions() {
  rotateNeighbours();
  for (const Scores &scores : findScores(kernel))
    if (scores.areAttention()) {
      inOperand(*scores.keys, [](Tensor &keys) { rotateAlong(1, /*back=*/false, keys); });
      rotateAlong(1, /*back=*/false, faults.back().inputs[*scores.rotaryKeys]);
    }
  // Of integers, only offsets of experts are no positions' own.
  llvm::SmallDenseSet<Value> offsets;
  kernel.walk([&](ContractionOpInterface product) {
    if (Value grouped = offsetsOf(product))
      offsets.insert(grouped);
  });
  for (BlockArgument argument : kernel.getBody().getArguments())
    if (!isFloat(argument.getType()) && !offsets.contains(argument))
      inOperand(argument.getArgNumber(),
                [](Tensor &tensor) { std::rotate(tensor.data.begin(), tensor.data.end() - 1, tensor.data.end()); });
}

SmallVector<Fault> Planter::plant() {
  switch (kind) {
  case FaultKind::Vocabulary:
    for (const Scores &scores : findScores(kernel))
      if (!scores.areAttention())
        hideTokens(scores);
    break;
  case FaultKind::Keys:
    for (const Scores &scores : findScores(kernel))
      if (scores.areAttention())
        hideKeys(scores);
    break;
  case FaultKind::Expert:
    loseExpert();
    break;
  case FaultKind::Rows:
    everywhere([](Tensor &tensor) {
      if (tensor.rank() > 1)
        llvm::fill(reference::row(tensor, tensor.rows() - 1), 0.0);
      else
        tensor.data.back() = 0.0;
    });
    break;
  case FaultKind::Columns:
    everywhere([](Tensor &tensor) {
      for (int64_t row = 0; row < tensor.rows(); ++row)
        tensor.at(row, tensor.columns() - 1) = 0.0;
    });
    break;
  case FaultKind::Scale:
    changeScales();
    break;
  case FaultKind::Position:
    changePositions();
    break;
  }
  return std::move(faults);
}

} // namespace

LogicalResult hadal::check::prepareForFaults(KernelOp kernel, MutableArrayRef<Tensor> inputs) {
  for (const Scores &scores : findScores(kernel)) {
    Tensor &query = inputs[*scores.query];
    int64_t channels = scores.areAttention() ? scores.queryChannels : query.columns();
    for (int64_t i = 0; i < query.size(); i += channels)
      query.data[i] = float(0.5 + 0.5 * std::fabs(query.data[i]));
    reference::roundTo(kernel.getArgumentTypes()[*scores.query], query);
    if (scores.areAttention())
      continue;
    int64_t vocabulary = inputs[*scores.keys].rows();
    for (double &target : inputs[*scores.targets].data)
      target = std::fmod(target, double(vocabulary - lostRows(vocabulary, lostTokens)));
  }
  return attend(kernel, inputs);
}

SmallVector<Fault> hadal::check::plantFaults(FaultKind kind, KernelOp kernel, ArrayRef<Tensor> inputs) {
  return Planter(kind, kernel, inputs).plant();
}

FailureOr<bool> hadal::check::isFelt(const Fault &fault, KernelOp kernel, ArrayRef<Tensor> expected) {
  FailureOr<SmallVector<Tensor>> results = evaluateBody(kernel, fault.inputs);
  if (failed(results))
    return failure();
  if (fault.alter)
    fault.alter(*results);
  for (auto [result, right] : llvm::zip_equal(*results, expected))
    for (auto [a, b] : llvm::zip_equal(result.data, right.data))
      if (!(a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= epsilon * std::fabs(b)))
        return true;
  return false;
}
