// Weights in an encoding without a loader: named by what the model's configuration said, or by what they show.
#include "runtime/io/EncodedWeights.h"

#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/io/Safetensors.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

namespace hadal::test {
namespace {

class EncodedWeightsTest : public testing::Test {
protected:
  BigramModel model;
  Program program{model.program()};

  std::string failure(std::string_view name, std::string_view dtype) {
    return failureOf(HADAL_EXIT_INPUT, [&] { refuseEncoded("weights", name, dtype, program); });
  }
  bool accepts(std::string_view name, std::string_view dtype) {
    refuseEncoded("weights", name, dtype, program); // fails otherwise
    return true;
  }
};

TEST_F(EncodedWeightsTest, PassesOverOrdinaryTensors) {
  EXPECT_TRUE(accepts("model.layers.0.mlp.gate_proj.weight", "BF16"));
  EXPECT_TRUE(accepts("model.layers.0.mlp.gate.e_score_correction_bias", "F32"));
  EXPECT_TRUE(accepts("lm_head.weight", "F64"));
  EXPECT_TRUE(accepts("some.counter", "I64"));
}

TEST_F(EncodedWeightsTest, NamesWhatTheTensorsShow) {
  EXPECT_CONTAINS(failure("model.layers.0.mlp.gate_proj.weight", "F8_E4M3"), "stored as FP8, for which there is no");
  EXPECT_CONTAINS(failure("a.weight_scale_inv", "F32"), "stored as FP8 with block scales, for which");
  EXPECT_CONTAINS(failure("a.weight_scale_inv", "F32"), "fp8_cast_bf16.py");
  EXPECT_CONTAINS(failure("a.weight_packed", "I32"),
                  "weights: tensor 'a.weight_packed' (I32) belongs to weights stored "
                  "as packed integers (compressed-tensors)");
  EXPECT_CONTAINS(failure("a.qweight", "I32"), "GPTQ or AWQ");
  EXPECT_CONTAINS(failure("a.scales", "F16"), "GPTQ, AWQ or MLX");
  EXPECT_CONTAINS(failure("a.weight.quant_state.bitsandbytes__nf4", "U8"), "bitsandbytes");
  EXPECT_CONTAINS(failure("a.weight", "F4"), "numbers of few bits");
}

TEST_F(EncodedWeightsTest, NamesWhatTheConfigurationSaid) {
  model.builder.program.stored_weights = "FP8 (e4m3) with 128x128 block scales";
  EXPECT_CONTAINS(failure("a.weight", "F8_E4M3"),
                  "FP8 (e4m3) with 128x128 block scales (quantization_config of the model), for which there is no "
                  "loader; decode them to BF16, F16 or F32 first");
  EXPECT_CONTAINS(failure("a.weight", "U8"), "with 128x128 block scales");
  EXPECT_TRUE(accepts("a.weight", "BF16"));
}

TEST_F(EncodedWeightsTest, StopBeforeAnythingIsLoaded) {
  TemporaryFolder folder;
  Session session(model.program(), {.threads = 1});
  OutputFile file(folder / "model.safetensors");
  SafetensorsWriter writer("model");
  int64_t shape[] = {1};
  writer.declare("lm_head.weight_scale_inv", "F32", shape);
  writer.begin(file);
  file.write("1234");
  file.close();
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { loadWeights(folder.path(), session); }),
                  "tensor 'lm_head.weight_scale_inv' (F32) belongs to weights stored as FP8 with block scales");
}

} // namespace
} // namespace hadal::test
