//===- Tolerance.cpp - how far a kernel may be from the reference -------------------------------------------------===//
//
// Evaluates the kernel's body exactly and with roundings, and derives the tolerance of every element from how far the
// latter are apart; see the header for the formulas.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Tolerance.h"
#include "tools/hadal-check-kernels/Roundings.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

/// How often the body is evaluated with roundings.
static constexpr uint64_t samples = 16;

namespace {
/// Distances of a result's elements from the exact ones.
class Distances {
public:
  explicit Distances(const Tensor &exact) : exact(exact), sums(exact.size()), squares(exact.size()) {}

  void add(const Tensor &sample) {
    for (int64_t i = 0; i < exact.size(); ++i)
      if (double distance = std::fabs(sample.data[i] - exact.data[i]); std::isfinite(distance)) {
        sums[i] += distance;
        squares[i] += distance * distance;
      }
  }
  double mean(int64_t i) const { return sums[i] / double(samples); }
  double variance(int64_t i) const { return std::max(0.0, squares[i] / double(samples) - mean(i) * mean(i)); }

  /// The tolerances, without what the last operation adds.
  Tensor tolerances() const {
    Tensor result(exact.shape);
    for (int64_t begin = 0, columns = exact.columns(); begin < exact.size(); begin += columns) {
      double sum = 0.0;
      for (int64_t i = begin; i < begin + columns; ++i)
        sum += variance(i);
      double least = sum / double(columns) / 4.0;
      for (int64_t i = begin; i < begin + columns; ++i)
        result.data[i] = mean(i) + 6.0 * std::sqrt(std::max(variance(i), least));
    }
    return result;
  }

private:
  const Tensor &exact;
  std::vector<double> sums, squares;
};
} // namespace

FailureOr<Reference> Reference::evaluate(KernelOp kernel, ArrayRef<Tensor> inputs) {
  FailureOr<SmallVector<Tensor>> exact = evaluateBody(kernel, inputs);
  if (failed(exact))
    return failure();
  Reference reference;
  reference.results = std::move(*exact);
  SmallVector<Distances> distances;
  for (const Tensor &result : reference.results)
    distances.emplace_back(result);
  for (uint64_t sample = 0; sample < samples; ++sample) {
    Roundings roundings(sample);
    FailureOr<SmallVector<Tensor>> results = evaluateBody(kernel, inputs, &roundings);
    if (failed(results))
      return failure();
    for (auto [distance, result] : llvm::zip_equal(distances, *results))
      distance.add(result);
  }
  for (auto [type, result, distance] : llvm::zip_equal(kernel.getResultTypes(), reference.results, distances)) {
    Type element = getElementTypeOrSelf(type);
    Tensor tolerance = isa<FloatType>(element) ? distance.tolerances() : Tensor(result.shape);
    if (isa<FloatType>(element))
      for (auto [value, bound] : llvm::zip_equal(result.data, tolerance.data))
        if (std::isfinite(value))
          bound += 2 * epsilon * std::fabs(value) + (element.isBF16() ? halfUnit(value) : 0.0);
    reference.tolerances.push_back(std::move(tolerance));
  }
  return reference;
}

Comparison Reference::compare(unsigned result, const Tensor &got) const {
  Comparison worst;
  const Tensor &expected = results[result];
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = got.data[i], b = expected.data[i], tolerance = tolerances[result].data[i];
    bool same = a == b || (std::isnan(a) && std::isnan(b));
    double ratio = same ? 0.0 : std::fabs(a - b) / tolerance;
    if (std::isnan(ratio))
      ratio = INFINITY;
    if (i == 0 || ratio > worst.worst)
      worst = {ratio, i, a, b, tolerance};
  }
  return worst;
}
