//===- Definitions.cpp - the formulas that several reference evaluations share ------------------------------------===//
//
// See Definitions.h. Nested loops throughout: what is read here is what an operation means.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

double reference::sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double reference::silu(double x) { return x * sigmoid(x); }

double reference::toDouble(const APInt &value) {
  return value.getBitWidth() == 1 ? double(value.getZExtValue()) : double(value.getSExtValue());
}

Tensor reference::fromConstant(DenseElementsAttr elements) {
  Tensor result(elements.getType().getShape());
  if (isa<FloatType>(elements.getElementType()))
    for (auto [element, value] : llvm::zip_equal(result.data, elements.getValues<APFloat>()))
      element = value.convertToDouble();
  else
    for (auto [element, value] : llvm::zip_equal(result.data, elements.getValues<APInt>()))
      element = toDouble(value);
  return result;
}

double reference::nearest(double value, FloatType type) {
  // Among bf16's normal numbers: the fraction loses all but its first seven bits. The rest is rare.
  if (type.isBF16() && std::fabs(value) >= 0x1p-126 && std::fabs(value) < 0x1.fep127) {
    constexpr uint64_t last = uint64_t(1) << (52 - 7);
    uint64_t bits = llvm::bit_cast<uint64_t>(value);
    bits += last / 2 - 1 + (bits / last & 1); // a tie goes to the even neighbour
    return llvm::bit_cast<double>(bits & ~(last - 1));
  }
  APFloat number(value);
  bool losesInformation;
  number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInformation);
  return number.convertToDouble();
}

void reference::roundTo(Type type, Tensor &tensor) {
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  if (!element || element.getWidth() >= 32)
    return;
  for (double &number : tensor.data)
    number = nearest(number, element);
}

SmallVector<int64_t> reference::withColumns(const Tensor &tensor, int64_t columns) {
  SmallVector<int64_t> shape(tensor.shape);
  shape.back() = columns;
  return shape;
}

LogicalResult reference::checkIndices(Operation *op, const Tensor &indices, int64_t limit, StringRef what) {
  for (double index : indices.data)
    if (!(index >= 0 && index < limit))
      return op->emitOpError() << "reads " << what << " " << int64_t(index) << ", but it must lie in [0, " << limit
                               << ")";
  return success();
}

double reference::dot(ArrayRef<double> a, ArrayRef<double> b) {
  double sums[4] = {};
  size_t whole = a.size() / 4 * 4;
  for (size_t i = 0; i < whole; i += 4)
    for (size_t part = 0; part < 4; ++part)
      sums[part] += a[i + part] * b[i + part];
  for (size_t i = whole; i < a.size(); ++i)
    sums[i - whole] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void reference::accumulate(MutableArrayRef<double> result, double factor, ArrayRef<double> x) {
  for (size_t i = 0; i < x.size(); ++i)
    result[i] += factor * x[i];
}

Tensor reference::transposed(const Tensor &tensor) {
  Tensor result({tensor.columns(), tensor.rows()});
  for (int64_t r = 0; r < tensor.rows(); ++r)
    for (int64_t c = 0; c < tensor.columns(); ++c)
      result.at(c, r) = tensor.at(r, c);
  return result;
}

Tensor reference::linear(const Tensor &x, const Tensor &weight) {
  int64_t out = weight.rows();
  Tensor result(withColumns(x, out));
  for (int64_t r = 0; r < x.rows(); ++r)
    for (int64_t o = 0; o < out; ++o)
      result.at(r, o) = dot(row(x, r), row(weight, o));
  return result;
}

Tensor reference::rmsNorm(const Tensor &x, const Tensor &weight, double eps) {
  Tensor result(x.shape);
  for (int64_t r = 0; r < x.rows(); ++r) {
    double squares = 0.0;
    for (double element : row(x, r))
      squares += element * element;
    double inverse = 1.0 / std::sqrt(squares / x.columns() + eps);
    for (int64_t c = 0; c < x.columns(); ++c)
      result.at(r, c) = weight.data[c] * x.at(r, c) * inverse;
  }
  return result;
}

Tensor reference::embedding(const Tensor &tokens, const Tensor &table) {
  SmallVector<int64_t> shape(tokens.shape);
  shape.push_back(table.columns());
  Tensor result(shape);
  for (int64_t t = 0; t < tokens.size(); ++t)
    for (int64_t c = 0; c < table.columns(); ++c)
      result.at(t, c) = table.at(int64_t(tokens.data[t]), c);
  return result;
}

Tensor reference::gatedMLP(const Tensor &x, const Tensor &gate, const Tensor &up, const Tensor &down) {
  Tensor gated = linear(x, gate), scaled = linear(x, up);
  for (int64_t i = 0; i < gated.size(); ++i)
    gated.data[i] = silu(gated.data[i]) * scaled.data[i];
  return linear(gated, down);
}

Tensor reference::tokensAhead(const Tensor &window, int64_t ahead, int64_t length) {
  Tensor result({window.shape[0], length});
  for (int64_t b = 0; b < window.shape[0]; ++b)
    for (int64_t i = 0; i < length; ++i)
      result.at(b, i) = window.at(b, i + ahead);
  return result;
}

Tensor reference::mtpMerge(const Tensor &hidden, const Tensor &embedding, const Tensor &embeddingNorm,
                           const Tensor &hiddenNorm, const Tensor &projection, double eps) {
  Tensor first = rmsNorm(embedding, embeddingNorm, eps), second = rmsNorm(hidden, hiddenNorm, eps);
  int64_t channels = hidden.columns();
  Tensor result(hidden.shape);
  for (int64_t r = 0; r < hidden.rows(); ++r)
    for (int64_t o = 0; o < channels; ++o)
      for (int64_t i = 0; i < channels; ++i)
        result.at(r, o) += first.at(r, i) * projection.at(o, i) + second.at(r, i) * projection.at(o, channels + i);
  return result;
}

double reference::logSumExp(ArrayRef<double> row) {
  double maximum = -INFINITY, sum = 0.0;
  for (double element : row)
    maximum = std::max(maximum, element);
  for (double element : row)
    sum += std::exp(element - maximum);
  return maximum + std::log(sum);
}

double reference::crossEntropy(const Tensor &hidden, const Tensor &targets, const Tensor &head) {
  Tensor logits = linear(hidden, head);
  double sum = 0.0;
  for (int64_t t = 0; t < logits.rows(); ++t)
    sum += logSumExp(row(logits, t)) - logits.at(t, int64_t(targets.data[t]));
  return sum / logits.rows();
}

Tensor reference::routerScores(const Tensor &logits, ScoreFunction function) {
  Tensor scores(logits.shape);
  for (int64_t t = 0; t < logits.rows(); ++t) {
    double denominator = logSumExp(row(logits, t));
    for (int64_t e = 0; e < logits.columns(); ++e)
      scores.at(t, e) =
          function == ScoreFunction::Sigmoid ? sigmoid(logits.at(t, e)) : std::exp(logits.at(t, e) - denominator);
  }
  return scores;
}

void reference::scoreGradient(ArrayRef<double> scores, ArrayRef<double> gradient, ScoreFunction function,
                              MutableArrayRef<double> result) {
  double dot = 0.0;
  for (size_t e = 0; e < scores.size(); ++e)
    dot += scores[e] * gradient[e];
  for (size_t e = 0; e < scores.size(); ++e)
    result[e] = function == ScoreFunction::Sigmoid ? gradient[e] * scores[e] * (1.0 - scores[e])
                                                   : scores[e] * (gradient[e] - dot);
}

SmallVector<int64_t> reference::largest(ArrayRef<double> values, int64_t count) {
  SmallVector<int64_t> chosen;
  SmallVector<bool> taken(values.size(), false);
  for (int64_t j = 0; j < std::min<int64_t>(count, values.size()); ++j) {
    int64_t best = -1;
    for (int64_t i = 0; i < int64_t(values.size()); ++i)
      if (!taken[i] && (best < 0 || values[i] > values[best]))
        best = i;
    taken[best] = true;
    chosen.push_back(best);
  }
  return chosen;
}

void reference::rotate(MutableArrayRef<double> channels, RopeAttr rope, int64_t position, bool transposed) {
  SmallVector<double> frequencies = rope.getFrequencies();
  double factor = rope.getAttentionFactor();
  int64_t half = rope.getDim() / 2;
  for (int64_t i = 0; i < half; ++i) {
    bool interleaved = rope.getLayout() == RopeLayout::Interleaved;
    double &a = channels[interleaved ? 2 * i : i];
    double &b = channels[interleaved ? 2 * i + 1 : i + half];
    double angle = position * frequencies[i];
    double cosine = factor * std::cos(angle), sine = factor * std::sin(transposed ? -angle : angle);
    double first = a * cosine - b * sine, second = a * sine + b * cosine;
    a = first;
    b = second;
  }
}
