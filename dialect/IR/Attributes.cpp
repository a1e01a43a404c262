//===- Attributes.cpp - attributes of the hadal dialect -----------------------------------------------------------===//
//
// Rotary embeddings with YaRN and block scales: their syntax, their checks and the figures derived from them.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <charconv>
#include <cmath>

using namespace mlir;
using namespace hadal;

#include "dialect/IR/HadalEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/IR/HadalAttributes.cpp.inc"

void HadalDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/IR/HadalAttributes.cpp.inc"
      >();
}

FailureOr<Real> hadal::parseReal(AsmParser &parser) {
  double value;
  if (parser.parseFloat(value))
    return failure();
  return Real(value);
}

std::string hadal::realText(double value) {
  char buffer[40];
  std::string text(buffer, std::to_chars(buffer, std::end(buffer), value).ptr);
  if (!std::isfinite(value))
    return text;
  // 1e-06 is written 1e-6.
  if (size_t exponent = text.find('e'); exponent != std::string::npos && text[exponent + 2] == '0')
    text.erase(exponent + 2, 1);
  // MLIR reads a number without a point as an integer.
  if (text.find('.') == std::string::npos)
    text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

void hadal::printReal(AsmPrinter &printer, double value) { printer << realText(value); }

/// A real parameter of an attribute, in the words of the operations' verifiers.
static LogicalResult checkReal(function_ref<InFlightDiagnostic()> emitError, StringRef name, double value, double low,
                               double high) {
  std::string fault = findRealFault(name, value, low, high);
  return fault.empty() ? success() : LogicalResult(emitError() << fault);
}

LogicalResult YarnAttr::verify(function_ref<InFlightDiagnostic()> emitError, Real factor, int64_t originalLength,
                               Real betaFast, Real betaSlow, Real mscale, Real mscaleAllDim, Real attentionFactor,
                               bool) {
  // The correction of magnitudes, squared in the softmax's scale, is to stay a number of f32.
  constexpr double mostFactor = 1.0e6, mostScale = 1.0e6;
  if (!(factor >= 1.0))
    return emitError() << "YaRN's factor must be at least 1, got " << realText(factor);
  if (failed(checkReal(emitError, "YaRN's factor", factor, 1.0, mostFactor)) ||
      failed(checkReal(emitError, "YaRN's beta_fast", betaFast, leastReal, mostReal)) ||
      failed(checkReal(emitError, "YaRN's beta_slow", betaSlow, leastReal, mostReal)) ||
      failed(checkReal(emitError, "YaRN's mscale", mscale, 0.0, mostScale)) ||
      failed(checkReal(emitError, "YaRN's mscale_all_dim", mscaleAllDim, 0.0, mostScale)) ||
      failed(checkReal(emitError, "YaRN's attention_factor", attentionFactor, 0.0, mostScale)))
    return failure();
  if (originalLength < 1)
    return emitError() << "YaRN's original_length must be positive, got " << originalLength;
  if (!(betaFast >= betaSlow))
    return emitError() << "YaRN needs beta_fast >= beta_slow > 0, got " << realText(betaFast) << " and "
                       << realText(betaSlow);
  return success();
}

LogicalResult RopeAttr::verify(function_ref<InFlightDiagnostic()> emitError, Real theta, int64_t dim, RopeLayout,
                               YarnAttr) {
  if (dim < 2 || dim > mostLength || dim % 2 != 0)
    return emitError() << "a rotary embedding needs an even, positive dim of at most " << mostLength << ", got " << dim;
  if (!(theta > 1.0))
    return emitError() << "the base theta of a rotary embedding must be greater than 1, got " << realText(theta);
  return checkReal(emitError, "the base theta of a rotary embedding", theta, 1.0, mostReal);
}

/// YaRN's magnitude correction m(x).
static double yarnMagnitude(double factor, double mscale) {
  return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

SmallVector<double> RopeAttr::getFrequencies() const {
  int64_t dim = getDim();
  SmallVector<double> frequencies(dim / 2);
  for (int64_t i = 0; i < dim / 2; ++i)
    frequencies[i] = std::pow(getTheta(), -2.0 * i / dim);
  YarnAttr yarn = getYarn();
  if (!yarn)
    return frequencies;
  constexpr double pi = 3.14159265358979323846;
  auto correction = [&](double beta) {
    return dim * std::log(yarn.getOriginalLength() / (beta * 2.0 * pi)) / (2.0 * std::log(getTheta()));
  };
  double low = correction(yarn.getBetaFast()), high = correction(yarn.getBetaSlow());
  if (yarn.getTruncate()) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, double(dim - 1));
  if (low == high)
    high += 0.001;
  for (int64_t i = 0; i < dim / 2; ++i) {
    double ramp = std::clamp((i - low) / (high - low), 0.0, 1.0);
    frequencies[i] = frequencies[i] * (1.0 - ramp) + frequencies[i] / yarn.getFactor() * ramp;
  }
  return frequencies;
}

double RopeAttr::getAttentionFactor() const {
  YarnAttr yarn = getYarn();
  if (!yarn)
    return 1.0;
  if (yarn.getAttentionFactor() != 0.0)
    return yarn.getAttentionFactor();
  return yarnMagnitude(yarn.getFactor(), yarn.getMscale()) / yarnMagnitude(yarn.getFactor(), yarn.getMscaleAllDim());
}

double RopeAttr::getSoftmaxFactor() const {
  YarnAttr yarn = getYarn();
  if (!yarn)
    return 1.0;
  double m = yarnMagnitude(yarn.getFactor(), yarn.getMscaleAllDim());
  return m * m;
}

LogicalResult BlockScaleAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns,
                                     bool) {
  if (rows < 1 || columns < 1)
    return emitError() << "a scale block needs positive sides, got " << rows << "x" << columns;
  return success();
}

Attribute BlockScaleAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> sides;
  bool powerOfTwo = false;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(sides, /*allowDynamic=*/false, /*withTrailingX=*/false))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("power_of_two"))
      return {};
    powerOfTwo = true;
  }
  if (parser.parseGreater())
    return {};
  if (sides.size() != 2) {
    parser.emitError(loc, "expected two sides, as in #hadal.block_scale<1x128>");
    return {};
  }
  return BlockScaleAttr::getChecked([&] { return parser.emitError(loc); }, parser.getContext(), sides[0], sides[1],
                                    powerOfTwo);
}

void BlockScaleAttr::print(AsmPrinter &printer) const {
  printer << '<' << getRows() << 'x' << getColumns();
  if (getPowerOfTwo())
    printer << ", power_of_two";
  printer << '>';
}
