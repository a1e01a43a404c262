// The check of the CPU, against CPUs that are not there.
#include "runtime/devices/cpu/Features.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

#include <map>

namespace hadal::test {
namespace {

class FakeCpu final : public CpuIdentity {
public:
  std::map<std::tuple<uint32_t, uint32_t, Register>, uint32_t> registers;
  uint64_t state = 0;
  uint32_t query(uint32_t leaf, uint32_t subleaf, Register which) const override {
    auto found = registers.find({leaf, subleaf, which});
    return found == registers.end() ? 0 : found->second;
  }
  uint64_t extendedState() const override { return state; }
  bool requestTileRegisters() const override { return grantsTileRegisters; }
  bool grantsTileRegisters = true;
};

/// AVX2 and FMA, with an operating system that saves ymm registers.
FakeCpu haswell() {
  FakeCpu cpu;
  cpu.registers[{1, 0, CpuIdentity::ECX}] = 1u << 12 | 1u << 27 | 1u << 28;
  cpu.registers[{7, 0, CpuIdentity::EBX}] = 1u << 5 | 1u << 8;
  cpu.state = 0x7;
  return cpu;
}

using Names = std::vector<std::string>;

TEST(FeaturesTest, FindsWhatIsMissing) {
  FakeCpu cpu = haswell();
  EXPECT_EQ(missingFeatures("", cpu), Names{});
  EXPECT_EQ(missingFeatures("avx2,fma,bmi2", cpu), Names{});
  EXPECT_EQ(missingFeatures("+avx2,+avx512f,amx-tile,avx512vl", cpu), (Names{"avx512f", "amx-tile", "avx512vl"}));
  EXPECT_EQ(missingFeatures("avx2,fma", FakeCpu()), (Names{"avx2", "fma"}));
}

TEST(FeaturesTest, ARegisterThatIsNotSavedIsNotThere) {
  FakeCpu cpu = haswell();
  cpu.registers[{7, 0, CpuIdentity::EBX}] |= 1u << 16;
  EXPECT_EQ(missingFeatures("avx512f", cpu), Names{"avx512f"}); // the operating system does not save zmm
  cpu.state = 0xe7;
  EXPECT_EQ(missingFeatures("avx512f", cpu), Names{});
  cpu.registers[{1, 0, CpuIdentity::ECX}] &= ~(1u << 27); // nor can it be asked
  EXPECT_EQ(missingFeatures("avx512f", cpu), Names{"avx512f"});
}

TEST(FeaturesTest, ThisCpuIsAX86) {
  EXPECT_EQ(missingFeatures("64bit,sse2,cx8,fxsr,mmx,cmov,x87", thisCpu()), Names{});
}

TEST(FeaturesTest, UnknownNamesAreRefused) {
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [] { missingFeatures("avx2,avx1024", thisCpu()); }),
                  "the CPU feature 'avx1024', which this runtime does not know");
}

TEST(FeaturesTest, TheMessageNamesTheRemedy) {
  FakeCpu cpu = haswell();
  std::string message =
      failureOf(HADAL_EXIT_INPUT, [&] { requireFeatures("avx2,avx512f,avx512bw", "sapphirerapids", cpu); });
  EXPECT_CONTAINS(message, "this CPU lacks avx512f, avx512bw, which the program was compiled for (sapphirerapids)");
  EXPECT_CONTAINS(message, "hadalc --cpu=");
}

TEST(FeaturesTest, AMXIsUsedWhereItIsThereAndGranted) {
  const char *features = "avx2,amx-tile,amx-bf16";
  FakeCpu cpu = haswell();
  EXPECT_FALSE(requestTileRegisters(features, cpu)); // the CPU has none
  EXPECT_EQ(hadal_tile_registers, 0);
  requireFeatures(features, "sapphirerapids", cpu); // and needs none
  cpu.registers[{7, 0, CpuIdentity::EDX}] = 1u << 22 | 1u << 24;
  EXPECT_FALSE(requestTileRegisters(features, cpu)); // the operating system does not save them
  cpu.state |= 0x60000;
  EXPECT_TRUE(requestTileRegisters(features, cpu));
  EXPECT_EQ(hadal_tile_registers, 1);
  EXPECT_TRUE(requestTileRegisters("avx2", cpu)); // nobody asks
  EXPECT_EQ(hadal_tile_registers, 0);
  cpu.grantsTileRegisters = false;
  EXPECT_FALSE(requestTileRegisters(features, cpu)); // it saves, and does not grant them
  EXPECT_EQ(hadal_tile_registers, 0);
}

TEST(FeaturesTest, AProgramForAnotherCpuEndsBeforeItRuns) {
  BigramModel model;
  model.builder.program.cpu_features = "xop,tbm"; // no CPU since 2017 has both, and none has them beside AVX-512
  if (missingFeatures("xop,tbm", thisCpu()).empty())
    GTEST_SKIP();
  TemporaryFolder folder;
  writeFile(folder / "data.txt", sampleText(100));
  testing::internal::CaptureStderr();
  int code = runTrain(model.program(), {"--data", (folder / "data.txt").string(), "--steps", "1", "--lr", "1"});
  EXPECT_EQ(code, 1);
  EXPECT_CONTAINS(testing::internal::GetCapturedStderr(), "error: this CPU lacks xop, tbm");
}

} // namespace
} // namespace hadal::test
