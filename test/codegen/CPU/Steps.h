//===- Steps.h - a model of products of two bf16 factors, and kernels on every CPU --------------------------------===//
//
// A scalar model of Intel's definition of TDPBF16PS, written from the manual and not from the kernels, numbers to
// multiply, and what runs a kernel on every level of CPU that this machine can run.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TEST_CODEGEN_CPU_STEPS_H
#define HADAL_TEST_CODEGEN_CPU_STEPS_H

#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/CPU/EmitObject.h"
#include "codegen/Driver/Passes.h"
#include "codegen/Selection/Select.h"
#include "dialect/Reference/Models.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "tools/hadal-check-kernels/Runner.h"
#include <bit>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <random>

namespace hadal::check {

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

inline float flush(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

/// a b + c, rounded once as if exponents had no end, and then flushed: as x86 says when a result is tiny.
inline float flushedFMA(float a, float b, float c) {
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

inline float flushedSum(float a, float b) { return flushedFMA(a, 1.0f, b); }

/// A row of A times a column of B with so much depth, added step by step to c.
inline float multiply(int64_t depth, llvm::function_ref<float(int64_t)> a, llvm::function_ref<float(int64_t)> b,
                      float c = 0.0f) {
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

/// To nearest even.
inline float roundToBF16(float x) {
  if (std::isnan(x))
    return x;
  uint32_t bits = std::bit_cast<uint32_t>(x);
  bits += 0x7fff + (bits >> 16 & 1);
  return std::bit_cast<float>(bits & 0xffff0000);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// Ordinary ones, those whose products lie about the smallest normal number, denormal ones among the smallest normal
/// ones and others that make ordinary numbers of them, and a few that are infinite or none.
enum class Numbers { Ordinary, Tiny, Denormal, Large, Special };

/// A number of bf16.
inline float draw(std::mt19937 &generator, Numbers numbers) {
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

inline reference::Tensor drawTensor(llvm::ArrayRef<int64_t> shape, std::mt19937 &generator, Numbers numbers) {
  reference::Tensor tensor(shape);
  for (double &value : tensor.data)
    value = draw(generator, numbers);
  return tensor;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

class StepsTest : public testing::Test {
protected:
  using Tensor = reference::Tensor;
  /// Operands, and what an element of each result has to be; null where a result is not looked at.
  struct Case {
    llvm::SmallVector<Tensor> inputs;
    llvm::SmallVector<std::function<float(int64_t element)>> expected;
  };

  StepsTest() {
    mlir::registerAllDialects(registry);
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

  /// Holds the bits of the results of a text's only kernel against those of the model, on every level, for every case.
  void check(const std::string &text, llvm::ArrayRef<Case> cases, const std::vector<std::string> &cpus = levels()) {
    for (const std::string &cpu : cpus) {
      auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
      ASSERT_TRUE(module);
      KernelOp kernel = *module->getOps<KernelOp>().begin();
      TargetDescription target = cantFail(TargetDescription::forCPU(cpu));
      ASSERT_TRUE(succeeded(select(kernel, target))) << cpu;
      auto kernels = CompiledKernels::compile(*module, target, "");
      ASSERT_TRUE(succeeded(kernels)) << cpu;
      for (auto [number, one] : llvm::enumerate(cases)) {
        auto results = runKernel(*kernels, kernel, one.inputs, RunOptions());
        ASSERT_TRUE(succeeded(results) && results->size() == one.expected.size()) << cpu;
        for (auto [index, result] : llvm::enumerate(*results))
          compare(result, one.expected[index],
                  cpu + ", case " + std::to_string(number) + ", result " + std::to_string(index));
      }
    }
  }

private:
  /// Configures a kernel: on AMX's tiles where there are some, whatever time is predicted.
  static llvm::LogicalResult select(KernelOp kernel, const TargetDescription &target) {
    KernelAnatomy anatomy(kernel);
    Refusals refusals;
    for (const Proposal &proposal : propose(anatomy, target, refusals)) {
      if (proposal.candidates.empty() || target.hasTiles() != proposal.strategy->getName().starts_with("tile_"))
        continue;
      auto configuration = configure(*proposal.strategy, anatomy, target, proposal.candidates.front().choice,
                                     [&] { return kernel.emitError(); });
      if (succeeded(configuration))
        kernel.setConfigurationAttr(configuration->toAttribute(kernel.getContext()));
      return configuration;
    }
    return llvm::failure();
  }

  static void compare(const Tensor &got, const std::function<float(int64_t)> &expected, const std::string &where) {
    for (int64_t i = 0; expected && i < got.size(); ++i) {
      float a = float(got.data[i]), b = expected(i);
      bool same = std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (std::isnan(a) && std::isnan(b));
      ASSERT_TRUE(same) << where << ": element " << i << " is " << a << " instead of " << b;
    }
  }

  mlir::DialectRegistry registry;
  mlir::MLIRContext context;
};

} // namespace hadal::check

#endif // HADAL_TEST_CODEGEN_CPU_STEPS_H
