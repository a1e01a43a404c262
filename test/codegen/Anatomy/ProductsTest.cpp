//===- ProductsTest.cpp - products are served by what they state --------------------------------------------------===//
//
// No strategy has heard of `trial.product` (StatedProduct.h). Its kernels are compiled for this CPU and, emulated, for
// sm_90a, and held against the definition; forms that do not fit their tensors are refused.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/CPU/EmitObject.h"
#include "codegen/Driver/Passes.h"
#include "codegen/NVPTX/EmitPTX.h"
#include "codegen/Selection/Select.h"
#include "dialect/PTX/PTX.h"
#include "dialect/Reference/Models.h"
#include "dialect/Tile/Tile.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "test/codegen/Anatomy/StatedProduct.h"
#include "tools/hadal-check-kernels/GuardedBuffer.h"
#include "tools/hadal-check-kernels/Inputs.h"
#include "tools/hadal-check-kernels/Runner.h"
#include "tools/hadal-check-kernels/Tolerance.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

class ProductsTest : public testing::Test {
protected:
  ProductsTest() {
    registerAllDialects(registry);
    registry.insert<HadalDialect, ptx::PTXDialect, tile::TileDialect, trial::TrialDialect>();
    registerReferenceModels(registry);
    registerTranslations(registry);
    registerGPUTranslations(registry);
    context.appendDialectRegistry(registry);
    context.printOpOnDiagnostic(false);
    static bool once = [] {
      registerStrategies();
      return true;
    }();
    (void)once;
  }

  OwningOpRef<ModuleOp> parse(const std::string &text) { return parseSourceString<ModuleOp>(text, &context); }

  /// What the verifier says of a product, or nothing.
  std::string refusal(const std::string &attributes, StringRef operands = "tensor<2x5x60xf32>, tensor<3x24x20xf32>",
                      StringRef result = "tensor<2x5x72xf32>") {
    std::string said, arguments, values;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      said = diagnostic.str();
      return success();
    });
    SmallVector<StringRef> types;
    operands.split(types, ", ");
    for (auto [number, type] : llvm::enumerate(types)) {
      std::string value = (number > 0 ? ", %v" : "%v") + std::to_string(number);
      values += value;
      arguments += value + ": " + type.str();
    }
    OwningOpRef<ModuleOp> module = parse("func.func @f(" + arguments + ") { %r = \"trial.product\"(" + values + ") {" +
                                         attributes + "} : (" + operands.str() + ") -> " + result.str() + " return }");
    return module ? "" : said;
  }

  /// Compiles the only kernel of a text and holds it against the definition; the strategy that served it.
  std::string check(const std::string &text, StringRef targetName) {
    OwningOpRef<ModuleOp> module = parse(text);
    if (!module)
      return "no module";
    KernelOp kernel = *module->getOps<KernelOp>().begin();
    TargetDescription target = cantFail(TargetDescription::forTarget(targetName, "host"));
    FailureOr<KernelConfiguration> configuration = selectConfiguration(kernel, target);
    if (failed(configuration))
      return "refused";
    kernel.setConfigurationAttr(configuration->toAttribute(&context));
    FailureOr<CompiledKernels> kernels = CompiledKernels::compile(*module, target, "");
    FailureOr<SmallVector<Tensor>> inputs = makeInputs(kernel, /*seed=*/1, Routing::Uniform);
    if (failed(kernels) || failed(inputs))
      return "not compiled";
    FailureOr<Reference> reference = Reference::evaluate(kernel, *inputs);
    FailureOr<SmallVector<Tensor>> results = runKernel(*kernels, kernel, *inputs, RunOptions());
    if (failed(reference) || failed(results))
      return "not run";
    for (unsigned index = 0; index < results->size(); ++index) {
      Comparison comparison = reference->compare(index, (*results)[index]);
      EXPECT_LE(comparison.worst, 1.0) << targetName.str() << ", element " << comparison.index << " is "
                                       << comparison.got << " instead of " << comparison.expected;
    }
    return configuration->strategy;
  }

  void checkEverywhere(const std::string &text, StringRef gpuStrategy = "thread_tiles") {
    bool hasTiles = cantFail(TargetDescription::forCPU("host")).hasTiles();
    bool isBF16 = text.find("bf16") != std::string::npos; // here always both factors
    EXPECT_EQ(check(text, "cpu"), hasTiles && isBF16 ? "tile_registers" : "packed_register_tiles");
    EXPECT_EQ(check(text, "sm_90a"), gpuStrategy);
  }

  DialectRegistry registry;
  MLIRContext context;
};

/// `text` with words exchanged for numbers and types.
std::string with(std::string text, ArrayRef<std::pair<StringRef, StringRef>> words) {
  for (auto [from, to] : words)
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  return text;
}

// y(t, h·out + o) = Σ_i x(t, h·in + i) W(h, o, i), with everything that may stand behind a product.
const char *const blockDiagonal = R"(
  hadal.kernel contraction @forward(%x: tensor<2x5x60xf32>, %w: tensor<3x24x20xf32>, %residual: tensor<2x5x72xf32>,
                                    %bias: tensor<72xf32>, %factors: tensor<2x5x1xf32>, %one: tensor<f32>)
      -> (tensor<2x5x72xf32>, tensor<2x5x72xf32>) {
    %y = "trial.product"(%x, %w) {extents = array<i64: 3, 10, 24, 20>, lhs = array<i64: 20, 60, 1>,
                                  rhs = array<i64: 480, 20, 1>, result = array<i64: 24, 72>}
           : (tensor<2x5x60xf32>, tensor<3x24x20xf32>) -> tensor<2x5x72xf32>
    %b = hadal.expand %bias : tensor<72xf32> -> tensor<2x5x72xf32>
    %f = hadal.expand %factors : tensor<2x5x1xf32> -> tensor<2x5x72xf32>
    %o = hadal.expand %one : tensor<f32> -> tensor<2x5x72xf32>
    %s = arith.addf %y, %residual : tensor<2x5x72xf32>
    %t = arith.addf %s, %b : tensor<2x5x72xf32>
    %u = arith.mulf %t, %f : tensor<2x5x72xf32>
    %v = arith.mulf %u, %o : tensor<2x5x72xf32>
    hadal.yield %v, %y : tensor<2x5x72xf32>, tensor<2x5x72xf32>
  })";

// Both gradients of it: dx(t, h·in + i) = Σ_o dy(t, h·out + o) W(h, o, i), dW(h, o, i) = Σ_t dy(t, ·) x(t, ·).
const char *const inputGradient = R"(
  hadal.kernel contraction @input_gradient(%dy: tensor<2x5x72xf32>, %w: tensor<3x24x20xf32>) -> tensor<2x5x60xf32> {
    %dx = "trial.product"(%dy, %w) {extents = array<i64: 3, 10, 20, 24>, lhs = array<i64: 24, 72, 1>,
                                    rhs = array<i64: 480, 1, 20>, result = array<i64: 20, 60>}
           : (tensor<2x5x72xf32>, tensor<3x24x20xf32>) -> tensor<2x5x60xf32>
    hadal.yield %dx : tensor<2x5x60xf32>
  })";
const char *const weightGradient = R"(
  hadal.kernel contraction @weight_gradient(%dy: tensor<2x5x72xf32>, %x: tensor<2x5x60xf32>, %sum: tensor<3x24x20xf32>)
      -> tensor<3x24x20xf32> {
    %dw = "trial.product"(%dy, %x) {extents = array<i64: 3, 24, 20, 10>, lhs = array<i64: 24, 1, 72>,
                                    rhs = array<i64: 20, 1, 60>, result = array<i64: 480, 20>}
           : (tensor<2x5x72xf32>, tensor<2x5x60xf32>) -> tensor<3x24x20xf32>
    %s = arith.addf %sum, %dw : tensor<3x24x20xf32>
    hadal.yield %s : tensor<3x24x20xf32>
  })";

TEST_F(ProductsTest, BlockDiagonalWithItsGradients) {
  checkEverywhere(blockDiagonal);
  checkEverywhere(inputGradient);
  checkEverywhere(weightGradient);
}

TEST_F(ProductsTest, BatchesOfTheirOwnAndRowsThatAreNoNeighbours) {
  checkEverywhere(R"(
    hadal.kernel contraction @batches(%a: tensor<3x17x35xf32>, %b: tensor<3x21x35xf32>) -> tensor<3x17x21xf32> {
      %c = "trial.product"(%a, %b) {extents = array<i64: 3, 17, 21, 35>, lhs = array<i64: 595, 35, 1>,
                                    rhs = array<i64: 735, 35, 1>, result = array<i64: 357, 21>}
             : (tensor<3x17x35xf32>, tensor<3x21x35xf32>) -> tensor<3x17x21xf32>
      hadal.yield %c : tensor<3x17x21xf32>
    })");
  // The result has a row for every head of a token, and all batches share A.
  checkEverywhere(R"(
    hadal.kernel contraction @interleaved(%a: tensor<9x16xf32>, %b: tensor<3x8x16xf32>, %r: tensor<9x3x8xf32>)
        -> tensor<9x3x8xf32> {
      %c = "trial.product"(%a, %b) {extents = array<i64: 3, 9, 8, 16>, lhs = array<i64: 0, 16, 1>,
                                    rhs = array<i64: 128, 16, 1>, result = array<i64: 8, 24>}
             : (tensor<9x16xf32>, tensor<3x8x16xf32>) -> tensor<9x3x8xf32>
      %s = arith.addf %c, %r : tensor<9x3x8xf32>
      hadal.yield %s : tensor<9x3x8xf32>
    })");
  // One column for each head.
  checkEverywhere(R"(
    hadal.kernel contraction @narrow(%a: tensor<9x12xf32>, %b: tensor<4x3xf32>) -> tensor<9x4xf32> {
      %c = "trial.product"(%a, %b) {extents = array<i64: 4, 9, 1, 3>, lhs = array<i64: 3, 12, 1>,
                                    rhs = array<i64: 3, 3, 1>, result = array<i64: 1, 4>}
             : (tensor<9x12xf32>, tensor<4x3xf32>) -> tensor<9x4xf32>
      hadal.yield %c : tensor<9x4xf32>
    })");
}

TEST_F(ProductsTest, RowsGatheredForEveryBatch) {
  checkEverywhere(R"(
    hadal.kernel contraction @gathered(%x: tensor<6x24xf32>, %pairs: tensor<12xi32>, %rows: tensor<6x2xi32>,
                                       %w: tensor<3x10x8xf32>) -> tensor<12x30xf32> {
      %g = hadal.gather_rows %x, %pairs, %rows : (tensor<6x24xf32>, tensor<12xi32>, tensor<6x2xi32>) -> tensor<12x24xf32>
      %y = "trial.product"(%g, %w) {extents = array<i64: 3, 12, 10, 8>, lhs = array<i64: 8, 24, 1>,
                                    rhs = array<i64: 80, 8, 1>, result = array<i64: 10, 30>}
             : (tensor<12x24xf32>, tensor<3x10x8xf32>) -> tensor<12x30xf32>
      hadal.yield %y : tensor<12x30xf32>
    })");
}

// Heads of 72 × 80 in bf16: TMA finds the heads by their stride. Rows of 60 numbers are no multiple of 16 bytes, and
// those of 248 no multiple of a head.
TEST_F(ProductsTest, TensorCoresWhereStridesAllowBoxes) {
  std::string forward = R"(
    hadal.kernel contraction @forward(%x: tensor<150x240xbf16>, %w: tensor<3x72x80xbf16>) -> tensor<150x216xRESULT> {
      %y = "trial.product"(%x, %w) {extents = array<i64: 3, 150, 72, 80>, lhs = array<i64: 80, 240, 1>,
                                    rhs = array<i64: 5760, 80, 1>, result = array<i64: 72, 216>}
             : (tensor<150x240xbf16>, tensor<3x72x80xbf16>) -> tensor<150x216xRESULT>
      hadal.yield %y : tensor<150x216xRESULT>
    })";
  checkEverywhere(with(forward, {{"RESULT", "f32"}}), "wgmma_warp_specialized");
  checkEverywhere(with(forward, {{"RESULT", "bf16"}}), "wgmma_warp_specialized");
  checkEverywhere(R"(
    hadal.kernel contraction @input_gradient(%dy: tensor<150x216xbf16>, %w: tensor<3x72x80xbf16>)
        -> tensor<150x240xbf16> {
      %dx = "trial.product"(%dy, %w) {extents = array<i64: 3, 150, 80, 72>, lhs = array<i64: 72, 216, 1>,
                                      rhs = array<i64: 5760, 1, 80>, result = array<i64: 80, 240>}
             : (tensor<150x216xbf16>, tensor<3x72x80xbf16>) -> tensor<150x240xbf16>
      hadal.yield %dx : tensor<150x240xbf16>
    })",
                  "wgmma_warp_specialized");
  checkEverywhere(R"(
    hadal.kernel contraction @weight_gradient(%dy: tensor<150x216xbf16>, %x: tensor<150x240xbf16>,
                                              %sum: tensor<3x72x80xf32>) -> tensor<3x72x80xf32> {
      %dw = "trial.product"(%dy, %x) {extents = array<i64: 3, 72, 80, 150>, lhs = array<i64: 72, 1, 216>,
                                      rhs = array<i64: 80, 1, 240>, result = array<i64: 5760, 80>}
             : (tensor<150x216xbf16>, tensor<150x240xbf16>) -> tensor<3x72x80xf32>
      %s = arith.addf %sum, %dw : tensor<3x72x80xf32>
      hadal.yield %s : tensor<3x72x80xf32>
    })",
                  "wgmma_warp_specialized");
  checkEverywhere(with(inputGradient, {{"f32", "bf16"}}), "thread_tiles");
  checkEverywhere(with(forward, {{"RESULT", "f32"}, {"150x240", "150x248"}, {"80, 240, 1", "80, 248, 1"}}),
                  "thread_tiles");
}

TEST_F(ProductsTest, FormsThatDoNotFitAreRefused) {
  const std::string rest = "rhs = array<i64: 480, 20, 1>, result = array<i64: 24, 72>";
  EXPECT_EQ(refusal("extents = array<i64: 3, 10, 24, 20>, lhs = array<i64: 20, 60, 1>, " + rest), "");
  auto contains = [](const std::string &text, const char *part) { return text.find(part) != std::string::npos; };
  auto expect = [&](const char *part, const std::string &attributes, StringRef operands = "",
                    StringRef result = "tensor<2x5x72xf32>") {
    std::string said = operands.empty() ? refusal(attributes) : refusal(attributes, operands, result);
    EXPECT_TRUE(contains(said, part)) << "said: " << said;
  };
  expect("states element 600 of the left-hand side, which has 600",
         "extents = array<i64: 3, 10, 24, 21>, lhs = array<i64: 20, 60, 1>, " + rest);
  expect("without neighbours in memory: the stride along rows is 1",
         "extents = array<i64: 3, 10, 24, 20>, lhs = array<i64: 20, 30, 2>, " + rest);
  expect("negative strides", "extents = array<i64: 3, 10, 24, 20>, lhs = array<i64: -20, 60, 1>, " + rest);
  expect("negative extents", "extents = array<i64: 3, -10, 24, 20>, lhs = array<i64: 20, 60, 1>, " + rest);
  expect("a result of 690 elements", "extents = array<i64: 3, 10, 23, 20>, lhs = array<i64: 20, 60, 1>, " + rest);
  expect("do not make every element once", "extents = array<i64: 3, 10, 24, 20>, lhs = array<i64: 20, 60, 1>, "
                                           "rhs = array<i64: 480, 20, 1>, result = array<i64: 24, 48>");
  expect("cut by the rows of its type", "extents = array<i64: 3, 10, 24, 20>, lhs = array<i64: 20, 60, 1>, " + rest,
         "tensor<2x5x60xf32>, tensor<3x24x20xf32>", "tensor<45x16xf32>");
  expect("4 numbers of i32",
         "grouped = \"depth\", extents = array<i64: 3, 24, 20, 10>, lhs = array<i64: 0, 1, 24>, "
         "rhs = array<i64: 0, 1, 20>, result = array<i64: 480, 20>",
         "tensor<10x24xf32>, tensor<10x20xf32>, tensor<3xi32>", "tensor<3x24x20xf32>");
  expect("also has a stride from batch to batch",
         "grouped = \"depth\", extents = array<i64: 3, 24, 20, 10>, lhs = array<i64: 1, 1, 24>, "
         "rhs = array<i64: 0, 1, 20>, result = array<i64: 480, 20>",
         "tensor<10x24xf32>, tensor<10x20xf32>, tensor<4xi32>", "tensor<3x24x20xf32>");
  expect("states 10 scales for the left-hand side, got 9",
         "scaled, extents = array<i64: 1, 10, 24, 20>, lhs = array<i64: 0, 20, 1>, rhs = array<i64: 0, 20, 1>, "
         "result = array<i64: 0, 24>",
         "tensor<10x20xf32>, tensor<24x20xf32>, tensor<9x1xf32>", "tensor<10x24xf32>");
  expect("states operand 2 as the offsets, which is no tensor",
         "grouped = \"rows\", extents = array<i64: 3, 10, 24, 20>, lhs = array<i64: 0, 20, 1>, " + rest);
}

TEST_F(ProductsTest, WhatNoStrategyReadsIsRefusedByName) {
  auto expect = [&](const char *reason, const char *text) {
    std::string said;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      said += diagnostic.str();
      for (Diagnostic &note : diagnostic.getNotes())
        said += "\n" + note.str();
      return success();
    });
    EXPECT_EQ(check(text, "cpu"), "refused");
    EXPECT_EQ(check(text, "sm_90a"), "refused");
    EXPECT_NE(said.find(reason), std::string::npos) << said;
  };
  expect("'trial.product' multiplies with block scales", R"(
    hadal.kernel contraction @scaled(%x: tensor<10x20xf32>, %w: tensor<24x20xf32>, %s: tensor<10x1xf32>) -> tensor<10x24xf32> {
      %y = "trial.product"(%x, %w, %s) {scaled, extents = array<i64: 1, 10, 24, 20>, lhs = array<i64: 0, 20, 1>,
                                        rhs = array<i64: 0, 20, 1>, result = array<i64: 0, 24>}
             : (tensor<10x20xf32>, tensor<24x20xf32>, tensor<10x1xf32>) -> tensor<10x24xf32>
      hadal.yield %y : tensor<10x24xf32>
    })");
  expect("'trial.product' does not say what it multiplies", R"(
    hadal.kernel contraction @silent(%x: tensor<10x20xf32>, %w: tensor<24x20xf32>) -> tensor<10x24xf32> {
      %y = "trial.product"(%x, %w) {silent} : (tensor<10x20xf32>, tensor<24x20xf32>) -> tensor<10x24xf32>
      hadal.yield %y : tensor<10x24xf32>
    })");
  expect("matrices for groups of rows that are not whole rows of memory apart", R"(
    hadal.kernel contraction @odd(%x: tensor<10x20xf32>, %w: tensor<1500xf32>, %o: tensor<4xi32>) -> tensor<10x24xf32> {
      %y = "trial.product"(%x, %w, %o) {grouped = "rows", extents = array<i64: 3, 10, 24, 20>, lhs = array<i64: 0, 20, 1>,
                                        rhs = array<i64: 485, 20, 1>, result = array<i64: 0, 24>}
             : (tensor<10x20xf32>, tensor<1500xf32>, tensor<4xi32>) -> tensor<10x24xf32>
      hadal.yield %y : tensor<10x24xf32>
    })");
  expect("has several rows of its product in a row of its result", R"(
    hadal.kernel contraction @flat(%x: tensor<2x20xf32>, %w: tensor<24x20xf32>) -> tensor<1x48xf32> {
      %y = "trial.product"(%x, %w) {extents = array<i64: 1, 2, 24, 20>, lhs = array<i64: 0, 20, 1>,
                                    rhs = array<i64: 0, 20, 1>, result = array<i64: 0, 24>}
             : (tensor<2x20xf32>, tensor<24x20xf32>) -> tensor<1x48xf32>
      hadal.yield %y : tensor<1x48xf32>
    })");
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  GuardedBuffer::reportViolations();
  return RUN_ALL_TESTS();
}
