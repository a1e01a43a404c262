// Loading of weights: every dtype, shards, stacked experts, aliases, and everything that does not fit.
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/core/Initializer.h"
#include "runtime/io/NamedTensors.h"
#include "runtime/io/Safetensors.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

#include <cstring>
#include <map>

namespace hadal::test {
namespace {

struct StoredTensor {
  std::string dtype;
  std::vector<int64_t> shape;
  std::string bytes;
};
using StoredTensors = std::map<std::string, StoredTensor>;

void store(const std::filesystem::path &path, const StoredTensors &tensors) {
  SafetensorsWriter writer;
  for (const auto &[name, tensor] : tensors)
    writer.declare(name, tensor.dtype, tensor.shape);
  OutputFile output(path);
  writer.begin(output);
  for (const auto &[name, tensor] : tensors)
    output.write(tensor.bytes);
  output.close();
}

constexpr const char *table = "model.embed_tokens.weight", *alias = "model.layers.1.embed_tokens.weight",
                     *expert2 = "model.layers.0.mlp.experts.2.down_proj.weight";

class LoadTest : public testing::Test {
protected:
  TemporaryFolder folder;
  BigramModel model;
  Session original{model.program(), {.threads = 1}}, loaded{model.program(), {.threads = 1}};
  StoredTensors tensors;

  LoadTest() {
    initializeParameters(original, 1);
    for (const NamedTensor &named : namedTensors(original.program(), HADAL_PARAMETER)) {
      StoredTensor &tensor = tensors[named.name] = {"F32", named.shape, std::string(named.size, '\0')};
      original.read(named.tensor, named.offset, std::as_writable_bytes(std::span(tensor.bytes)));
    }
  }

  /// Loads what `tensors` holds.
  void load() {
    store(folder / "model.safetensors", tensors);
    loadWeights(folder.path(), loaded);
  }
  std::string failure() {
    std::string message = failureOf(HADAL_EXIT_INPUT, [&] { load(); });
    for (const NamedTensor &named : namedTensors(loaded.program(), HADAL_PARAMETER))
      for (float value : loaded.read<float>(named.tensor))
        if (value != 0) {
          ADD_FAILURE() << "half-loaded: " << named.name;
          return message;
        }
    return message;
  }
  void expectEqual() {
    for (uint32_t index : original.program().tensorsOf(HADAL_PARAMETER))
      EXPECT_TRUE(original.read<float>(index) == loaded.read<float>(index)) << original.tensor(index).name;
  }
};

TEST_F(LoadTest, SplitsStackedParameters) {
  EXPECT_EQ(tensors.size(), 6u);
  EXPECT_EQ(tensors.at(expert2).shape, std::vector<int64_t>{256});
  load();
  expectEqual();
}

TEST_F(LoadTest, WhatIsExportedIsLoaded) {
  exportModel(folder / "exported/deep", original);
  loadWeights(folder / "exported/deep", loaded);
  expectEqual();
}

TEST_F(LoadTest, ReadsShards) {
  StoredTensors first, second;
  std::string map;
  for (const auto &[name, tensor] : tensors) {
    bool inFirst = name.find("experts") != std::string::npos;
    (inFirst ? first : second)[name] = tensor;
    map += (map.empty() ? "" : ",") + ("\"" + name + "\":\"" + (inFirst ? "one" : "two") + ".safetensors\"");
  }
  store(folder / "one.safetensors", first);
  store(folder / "two.safetensors", second);
  std::filesystem::path index = folder / "model.safetensors.index.json";
  auto loadFolder = [&] { loadWeights(folder.path(), loaded); };
  writeFile(index, "{\"weight_map\":{" + map + ",\"lm_head.weight\":\"two.safetensors\"}}");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, loadFolder),
                  "two.safetensors: tensor 'lm_head.weight' is missing, although");
  writeFile(index, "{\"weight_map\":{\"w\":\"../one.safetensors\"}}");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, loadFolder), "tensor 'w' is not mapped to a file of this folder");
  writeFile(index, "{\"weight_map\":{\"w\":\"three.safetensors\"}}");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, loadFolder), "three.safetensors': No such file");
  writeFile(index, "{\"weight_map\":[");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, loadFolder), "not a JSON object with a weight_map");
  writeFile(index, "{\"weight_map\":{" + map + "}}");
  loadFolder();
  expectEqual();
  store(folder / "two.safetensors", tensors);
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, loadFolder), "is also in");
}

TEST_F(LoadTest, WidensHalfPrecision) {
  StoredTensor &brain = tensors.at(expert2), &half = tensors.at("model.layers.0.mlp.experts.3.down_proj.weight");
  brain.dtype = "BF16";
  half.dtype = "F16";
  brain.bytes.clear();
  half.bytes.clear();
  for (int i = 0; i < 256; ++i) {
    brain.bytes += std::string("\x20\x40", 2); // 2.5
    half.bytes += std::string("\x00\xbe", 2);  // -1.5
  }
  load();
  std::vector<float> experts =
      loaded.read<float>(loaded.require(HADAL_PARAMETER, "model.layers.0.mlp.experts.{e}.down_proj.weight"));
  EXPECT_EQ(experts[2 * 256 + 100], 2.5f);
  EXPECT_EQ(experts[3 * 256 + 100], -1.5f);
}

TEST_F(LoadTest, PassesOverBuffersAndEqualAliases) {
  tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {"F32", {1}, "1234"};
  tensors[alias] = tensors.at(table);
  load();
  expectEqual();
}

TEST_F(LoadTest, RefusesAnAliasThatDiffers) {
  tensors[alias] = tensors.at(table);
  tensors[alias].bytes[70000] ^= 1;
  EXPECT_CONTAINS(failure(), std::string("tensor '") + alias + "' differs from '" + table + "'");
}

TEST_F(LoadTest, RefusesMissingTensors) {
  tensors.erase(expert2);
  EXPECT_CONTAINS(failure(), std::string("model.safetensors: tensor '") + expert2 + "' is missing");
  tensors.erase(table);
  EXPECT_CONTAINS(failure(), std::string("tensor '") + table + "' and 1 more are missing");
}

TEST_F(LoadTest, RefusesSurplusTensors) {
  tensors["model.layers.7.mlp.gate.weight"] = {"F32", {1}, "1234"};
  EXPECT_CONTAINS(failure(), "the model 'bigram' has no tensor 'model.layers.7.mlp.gate.weight'");
}

TEST_F(LoadTest, RefusesAnotherShapeOrType) {
  tensors.at(expert2).shape = {16, 16};
  EXPECT_CONTAINS(failure(), "has the shape [16, 16], the model needs [256]");
  tensors.at(expert2).shape = {256};
  tensors.at(expert2).dtype = "I32";
  EXPECT_CONTAINS(failure(), "has the dtype I32; F32, BF16 or F16 is expected");
}

TEST(LoadPredictionTest, SaysThatTheFileLacksThePredictionBlock) {
  ProgramBuilder builder;
  builder.parameter("model.norm.weight", {1}, 1);
  builder.parameter("model.layers.4.eh_proj.weight", {1}, 1);
  builder.parameter("model.layers.4.mlp.experts.{e}.up_proj.weight", {2, 1}, 1);
  Session session(builder.build(), {.threads = 1});
  TemporaryFolder folder;
  store(folder / "model.safetensors", {{"model.norm.weight", {"F32", {1}, "1234"}}});
  std::string message = failureOf(HADAL_EXIT_INPUT, [&] { loadWeights(folder.path(), session); });
  EXPECT_CONTAINS(message, "'model.layers.4.eh_proj.weight' and 2 more are missing");
  EXPECT_CONTAINS(message, "multi-token-prediction block");
}

} // namespace
} // namespace hadal::test
