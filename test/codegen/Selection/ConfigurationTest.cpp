//===- ConfigurationTest.cpp - configurations survive being written and read
//---------------------------------------===//
//
// What selection decides is kept on a kernel as an attribute: it has to come back as it was, for CPUs and for GPUs, and
// what cannot be read has to be said.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Driver/Passes.h"
#include "codegen/Selection/Strategy.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinOps.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace hadal;

namespace {

std::string print(const KernelConfiguration &configuration) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  configuration.print(stream);
  return text;
}

/// A configuration as hadal-select-strategies leaves it: printed, parsed, and read.
FailureOr<KernelConfiguration> passOn(MLIRContext &context, DictionaryAttr attribute, std::string *message = nullptr) {
  std::string text;
  llvm::raw_string_ostream(text) << attribute;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (message)
      *message = diagnostic.str();
    return success();
  });
  auto parsed = dyn_cast_or_null<DictionaryAttr>(parseAttribute(text, &context));
  return KernelConfiguration::fromAttribute(parsed, [&] { return emitError(UnknownLoc::get(&context)); });
}

KernelConfiguration makeGPUConfiguration(MLIRContext &context) {
  KernelConfiguration configuration;
  configuration.strategy = "wgmma_warp_specialized";
  context.getOrLoadDialect<choices::KernelDialect>();
  configuration.choice = choices::TensorTilesAttr::get(&context, 128, 256, 4, 2, 18);
  StageSpec &products = configuration.addGPUStage("products", 264, 384, 200 << 10);
  products.cluster = 2;
  TensorMapSpec &map = products.maps.emplace_back();
  map.argument = 1;
  map.offset = 256;
  map.element = BFloat16Type::get(&context);
  map.sizes = {64, 128, 3};
  map.strides = {128, 16384};
  map.box = {64, 32, 1};
  map.swizzle = ptx::Swizzle::Bytes128;
  configuration.addGPUStage("combine", 8, 256);
  configuration.workspace = 1 << 20;
  return configuration;
}

TEST(ConfigurationTest, StagesOfAGPUComeBack) {
  MLIRContext context;
  KernelConfiguration before = makeGPUConfiguration(context);
  FailureOr<KernelConfiguration> after = passOn(context, before.toAttribute(&context));
  ASSERT_TRUE(succeeded(after));
  EXPECT_EQ(after->toAttribute(&context), before.toAttribute(&context));
  EXPECT_EQ(print(*after),
            "wgmma_warp_specialized {rows = 128, columns = 256, stages = 4, cluster = 2, group_rows = 18} stages "
            "[products: 264 × 384 threads, 200 KiB "
            "shared, clusters of 2, 1 tensor maps, combine: 8 × 256 threads, 0 B shared] workspace 1 MiB "
            "scratch 0 B");
  const TensorMapSpec &map = after->stages[0].maps[0];
  EXPECT_EQ(map.argument, 1u);
  EXPECT_EQ(map.offset, 256);
  EXPECT_TRUE(map.element.isBF16());
  EXPECT_EQ(map.strides.size(), 2u);
  EXPECT_EQ(map.swizzle, ptx::Swizzle::Bytes128);
}

TEST(ConfigurationTest, StagesOfACPUComeBack) {
  MLIRContext context;
  KernelConfiguration before;
  before.strategy = "rows_in_vectors";
  before.addStage("rows", 32, 4, /*withStep=*/false);
  before.steps = {{0, 0}, {0, 1}};
  before.scratch = 64;
  FailureOr<KernelConfiguration> after = passOn(context, before.toAttribute(&context));
  ASSERT_TRUE(succeeded(after));
  EXPECT_EQ(after->toAttribute(&context), before.toAttribute(&context));
  EXPECT_FALSE(after->stages[0].isGPU());
  EXPECT_EQ(print(*after), "rows_in_vectors {} stages [rows: 32 / 4] steps 2 workspace 0 B scratch 64 B");
}

TEST(ConfigurationTest, SaysWhatCannotBeRead) {
  MLIRContext context;
  auto failureOf = [&](auto change) {
    KernelConfiguration configuration = makeGPUConfiguration(context);
    change(configuration);
    std::string message;
    EXPECT_TRUE(failed(passOn(context, configuration.toAttribute(&context), &message)));
    return message;
  };
  EXPECT_EQ(failureOf([](KernelConfiguration &c) { c.stages[0].cluster = 5; }),
            "cannot read the kernel's configuration (a stage of a GPU needs threads, shared memory, a cluster that "
            "divides its blocks, and tensor maps): run hadal-select-strategies again");
  EXPECT_NE(failureOf([](KernelConfiguration &c) { c.stages[0].maps[0].box.pop_back(); }).find("a tensor map needs"),
            std::string::npos);
  EXPECT_NE(failureOf([](KernelConfiguration &c) { c.stages[0].maps[0].strides.clear(); }).find("a stride less"),
            std::string::npos);
  EXPECT_NE(failureOf([](KernelConfiguration &c) { c.steps[0].stage = 9; }).find("a stage that does not exist"),
            std::string::npos);
}

TEST(TargetTest, NamesSettleTheKind) {
  llvm::Expected<TargetDescription> gpu = TargetDescription::forTarget("sm_90a", "x86-64-v3");
  ASSERT_TRUE(bool(gpu));
  EXPECT_EQ(gpu->kind(), TargetKind::NVPTX);
  EXPECT_EQ(gpu->name(), "sm_90a");
  EXPECT_EQ(gpu->bufferAlignment(), 256);
  llvm::Expected<TargetDescription> cpu = TargetDescription::forTarget("cpu", "x86-64-v3");
  ASSERT_TRUE(bool(cpu));
  EXPECT_EQ(cpu->kind(), TargetKind::CPU);
  llvm::Expected<TargetDescription> unknown = TargetDescription::forTarget("tpu", "host");
  ASSERT_FALSE(bool(unknown));
  EXPECT_EQ(llvm::toString(unknown.takeError()),
            "unknown target 'tpu'; known targets: cpu, sm_90a (and sm_80, without lowerings yet)");
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
