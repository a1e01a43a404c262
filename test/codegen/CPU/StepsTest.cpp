//===- StepsTest.cpp - the arithmetic of products of two bf16 factors on CPUs -------------------------------------===//
//
// A scalar model of Intel's definition of TDPBF16PS, written from the manual and not from the kernels, against the bits
// that kernels compute on every level of CPU that this machine can run: depths that leave a step, a block of the depth
// or a parity unfinished, numbers whose products or sums are denormal, denormal factors, infinities and NaN (of which
// one is like another).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/EmitObject.h"
#include "codegen/Driver/Passes.h"
#include "codegen/Selection/Select.h"
#include "dialect/Reference/Models.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "tools/hadal-check-kernels/Runner.h"
#include "llvm/Support/FormatVariadic.h"
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

float flush(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

/// a b + c, rounded once as if exponents had no end, and then flushed: as x86 says when a result is tiny.
float flushedFMA(float a, float b, float c) {
  a = flush(a), b = flush(b), c = flush(c);
  float plain = std::fma(a, b, c);
  if (!(std::fabs(plain) < 0x1p-100f))
    return plain;
  // One of the factors is scaled without harm: with both large, no result would be so small (but by cancelling, where
  // the result is exact anyhow).
  float scaled =
      std::fabs(a) < std::fabs(b) ? std::fma(a * 0x1p64f, b, c * 0x1p64f) : std::fma(a, b * 0x1p64f, c * 0x1p64f);
  if (!std::isfinite(scaled))
    return flush(plain);
  return std::fabs(scaled) < 0x1p-62f ? std::copysign(0.0f, scaled) : scaled * 0x1p-64f;
}

float flushedSum(float a, float b) { return flushedFMA(a, 1.0f, b); }

/// A row of A times a column of B with so much depth.
float multiply(int64_t depth, function_ref<float(int64_t)> a, function_ref<float(int64_t)> b) {
  float c = 0.0f;
  for (int64_t step = 0; step < depth; step += 32) {
    float chains[2] = {0.0f, 0.0f};
    for (int64_t k = 0; k < 32; ++k) {
      bool isThere = step + k < depth;
      chains[k % 2] = flushedFMA(isThere ? a(step + k) : 0.0f, isThere ? b(step + k) : 0.0f, chains[k % 2]);
    }
    c = flushedSum(c, flushedSum(chains[0], chains[1]));
  }
  return c;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// Ordinary ones, those whose products lie about the smallest normal number, denormal ones among the smallest normal
/// ones and others that make ordinary numbers of them, and a few that are infinite or none.
enum class Numbers { Ordinary, Tiny, Denormal, Large, Special };

/// A number of bf16.
float draw(std::mt19937 &generator, Numbers numbers) {
  auto below = [&](uint32_t count) { return uint32_t(generator() % count); };
  auto number = [&](uint32_t exponent, uint32_t fraction) {
    return std::bit_cast<float>(below(2) << 31 | exponent << 23 | fraction << 16);
  };
  switch (numbers) {
  case Numbers::Ordinary:
    return number(117 + below(20), below(128));
  case Numbers::Tiny:
    return number(54 + below(14), below(128));
  case Numbers::Denormal:
    return number(below(2) * (1 + below(8)), below(128));
  case Numbers::Large:
    return number(137 + below(10), below(128));
  case Numbers::Special:
    return below(400) == 0 ? number(255, below(2) << 6) : number(54 + below(14), below(128));
  }
  return 0.0f;
}

Tensor drawTensor(ArrayRef<int64_t> shape, std::mt19937 &generator, Numbers numbers) {
  Tensor tensor(shape);
  for (double &value : tensor.data)
    value = draw(generator, numbers);
  return tensor;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

class StepsTest : public testing::Test {
protected:
  StepsTest() {
    registerAllDialects(registry);
    registry.insert<HadalDialect, choices::KernelDialect>();
    registerReferenceModels(registry);
    registerTranslations(registry);
    context.appendDialectRegistry(registry);
    registerStrategies();
  }

  /// The CPUs whose code this machine can run, and AMX in their place.
  static std::vector<std::string> levels() {
    std::vector<std::string> result;
    int64_t lanes = cantFail(TargetDescription::forCPU("host")).registerLanes;
    for (const char *name : {"x86-64", "x86-64-v3", "x86-64-v4"})
      if (cantFail(TargetDescription::forCPU(name)).registerLanes <= lanes)
        result.push_back(name);
    result.push_back("host" + emulatedTilesSuffix.str());
    return result;
  }

  /// Runs the only kernel of a text on a CPU.
  Tensor run(const std::string &text, StringRef cpu, ArrayRef<Tensor> inputs) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return {};
    KernelOp kernel = *module->getOps<KernelOp>().begin();
    TargetDescription target = cantFail(TargetDescription::forCPU(cpu));
    FailureOr<KernelConfiguration> configuration = selectConfiguration(kernel, target);
    if (failed(configuration))
      return {};
    kernel.setConfigurationAttr(configuration->toAttribute(&context));
    FailureOr<CompiledKernels> kernels = CompiledKernels::compile(*module, target, "");
    if (failed(kernels))
      return {};
    FailureOr<SmallVector<Tensor>> results = runKernel(*kernels, kernel, inputs, RunOptions());
    return failed(results) ? Tensor() : results->front();
  }

  /// Holds the kernel's bits against those of the model, on every level.
  void check(const std::string &text, ArrayRef<Tensor> inputs, function_ref<float(int64_t element)> expected) {
    for (const std::string &cpu : levels()) {
      Tensor got = run(text, cpu, inputs);
      ASSERT_GT(got.size(), 0) << "no result for " << cpu;
      for (int64_t i = 0; i < got.size(); ++i) {
        float a = float(got.data[i]), b = expected(i);
        bool same = std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (std::isnan(a) && std::isnan(b));
        ASSERT_TRUE(same) << cpu << ": element " << i << " is " << a << " instead of " << b;
      }
    }
  }

  DialectRegistry registry;
  MLIRContext context;
};

constexpr int64_t rows = 9, columns = 37;

/// x Wᵀ, x W and xᵀ W: the ways in which factors lie in memory.
TEST_F(StepsTest, EveryDepthAndKindOfNumber) {
  std::mt19937 generator(1);
  struct Case {
    int64_t depth;
    Numbers ofX, ofW;
  };
  for (auto [depth, ofX, ofW] :
       {Case{1, Numbers::Tiny, Numbers::Tiny}, Case{31, Numbers::Denormal, Numbers::Large},
        Case{33, Numbers::Ordinary, Numbers::Ordinary}, Case{95, Numbers::Tiny, Numbers::Tiny},
        Case{289, Numbers::Special, Numbers::Tiny}, Case{300, Numbers::Large, Numbers::Denormal}}) {
    Tensor x = drawTensor({rows, depth}, generator, ofX), w = drawTensor({columns, depth}, generator, ofW);
    std::string text = llvm::formatv(R"(
      hadal.kernel contraction @linear(%x: tensor<9x{0}xbf16>, %w: tensor<37x{0}xbf16>) -> tensor<9x37xf32> {{
        %y = hadal.linear %x weights(%w : tensor<37x{0}xbf16>) : tensor<9x{0}xbf16> -> tensor<9x37xf32>
        hadal.yield %y : tensor<9x37xf32>
      })",
                                     depth);
    check(text, {x, w}, [&](int64_t i) {
      return multiply(
          depth, [&](int64_t k) { return float(x.at(i / columns, k)); },
          [&](int64_t k) { return float(w.at(i % columns, k)); });
    });
  }
}

TEST_F(StepsTest, FactorsWhoseDepthIsNotContiguous) {
  std::mt19937 generator(2);
  Tensor x = drawTensor({33, rows}, generator, Numbers::Large),
         w = drawTensor({33, columns}, generator, Numbers::Denormal);
  check(R"(
    hadal.kernel contraction @outer(%x: tensor<33x9xbf16>, %w: tensor<33x37xbf16>) -> tensor<9x37xf32> {
      %y = hadal.matmul %x, %w {transpose_lhs} : (tensor<33x9xbf16>, tensor<33x37xbf16>) -> tensor<9x37xf32>
      hadal.yield %y : tensor<9x37xf32>
    })",
        {x, w}, [&](int64_t i) {
          return multiply(
              33, [&](int64_t k) { return float(x.at(k, i / columns)); },
              [&](int64_t k) { return float(w.at(k, i % columns)); });
        });
}

// The depth is an expert's rows: steps are counted from its first one.
TEST_F(StepsTest, StepsOfAnExpertBeginWithItsRows) {
  std::mt19937 generator(3);
  Tensor x = drawTensor({70, rows}, generator, Numbers::Ordinary),
         w = drawTensor({70, columns}, generator, Numbers::Ordinary);
  Tensor offsets({4});
  offsets.data = {0, 21, 21, 70};
  check(R"(
    hadal.kernel contraction @grouped(%x: tensor<70x9xbf16>, %w: tensor<70x37xbf16>, %o: tensor<4xi32>) -> tensor<3x9x37xf32> {
      %y = hadal.grouped_outer_product %x, %w, %o : (tensor<70x9xbf16>, tensor<70x37xbf16>, tensor<4xi32>) -> tensor<3x9x37xf32>
      hadal.yield %y : tensor<3x9x37xf32>
    })",
        {x, w, offsets}, [&](int64_t i) {
          int64_t expert = i / (rows * columns), row = i / columns % rows, column = i % columns;
          int64_t first = int64_t(offsets.data[expert]), end = int64_t(offsets.data[expert + 1]);
          return multiply(
              end - first, [&](int64_t k) { return float(x.at(first + k, row)); },
              [&](int64_t k) { return float(w.at(first + k, column)); });
        });
}

// What stands behind the product knows denormals: a product that is flushed to zero is added to one.
TEST_F(StepsTest, EpiloguesKeepDenormals) {
  Tensor x({rows, 40}, double(0x1p-80f)), w({columns, 40}, double(0x1p-80f)), residual({rows, columns}, 0x1p-140);
  check(R"(
    hadal.kernel contraction @linear(%x: tensor<9x40xbf16>, %w: tensor<37x40xbf16>, %r: tensor<9x37xf32>) -> tensor<9x37xf32> {
      %y = hadal.linear %x weights(%w : tensor<37x40xbf16>) : tensor<9x40xbf16> -> tensor<9x37xf32>
      %s = arith.addf %r, %y : tensor<9x37xf32>
      hadal.yield %s : tensor<9x37xf32>
    })",
        {x, w, residual}, [](int64_t) { return 0x1p-140f; });
}

} // namespace
