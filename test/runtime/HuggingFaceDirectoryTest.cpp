// Loading of weights: every dtype, shards, stacked experts, aliases, and everything that does not fit.
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/core/Initializer.h"
#include "runtime/io/CheckpointFolder.h"
#include "runtime/io/NamedTensors.h"
#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

#include <cmath>
#include <csignal>
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
  SafetensorsWriter writer("");
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

/// A matrix of the table's shape in FP8, with a scale for each of its blocks of 128 x 128, and what they stand for.
struct CodedTable {
  StoredTensor codes{"F8_E4M3", {256, 256}, std::string(256 * 256, '\0')};
  StoredTensor scales{"F32", {2, 2}, std::string(16, '\0')};
  std::vector<float> values = std::vector<float>(256 * 256);

  CodedTable() {
    float ofBlocks[] = {0.5f, 1e-3f, 3.0f, 0.0f};
    std::memcpy(scales.bytes.data(), ofBlocks, sizeof ofBlocks);
    for (size_t i = 0; i < values.size(); ++i) {
      // Every code but the two of NaN.
      unsigned code = static_cast<unsigned>(i * 7 % 254);
      code += code >= 127;
      codes.bytes[i] = static_cast<char>(code);
      unsigned exponent = code >> 3 & 15, mantissa = code & 7;
      double size = exponent ? std::ldexp(8 + mantissa, static_cast<int>(exponent) - 10) : std::ldexp(mantissa, -9);
      float number = static_cast<float>(code & 128 ? -size : size);
      values[i] = number * ofBlocks[i / 256 / 128 * 2 + i % 256 / 128];
    }
  }
};

TEST_F(LoadTest, MultipliesCodesAndScales) {
  ASSERT_EQ(tensors.at(table).shape, (std::vector<int64_t>{256, 256}));
  CodedTable coded;
  tensors[table] = coded.codes;
  tensors[std::string(table) + "_scale_inv"] = coded.scales;
  tensors.erase(alias);
  load();
  EXPECT_TRUE(loaded.read<float>(*loaded.find(HADAL_PARAMETER, table)) == coded.values);
}

TEST_F(LoadTest, RefusesScalesThatDoNotFit) {
  CodedTable coded;
  std::string scales = std::string(table) + "_scale_inv";
  tensors.erase(alias);
  tensors[table] = coded.codes;
  EXPECT_CONTAINS(failure(), "belongs to weights stored as FP8, for which there is no loader");
  tensors[scales] = {"F32", {2, 1}, std::string(8, '\0')};
  EXPECT_CONTAINS(failure(),
                  "tensor 'model.embed_tokens.weight_scale_inv' has the shape [2, 1], a scale for each block of "
                  "128 x 128 of 'model.embed_tokens.weight' is [2, 2]");
  tensors[scales] = {"I32", {2, 2}, std::string(16, '\0')};
  EXPECT_CONTAINS(failure(), "has the dtype I32; F32, BF16 or F16 is expected");
  tensors[scales] = coded.scales;
  tensors[table].shape = {256, 16, 16};
  EXPECT_CONTAINS(failure(), "of FP8 has the shape [256, 16, 16]; a matrix is expected, whose blocks have scales");
  tensors[table].shape = {256, 256};
  tensors[table].bytes[300] = '\x7f';
  EXPECT_CONTAINS(failure(), "tensor 'model.embed_tokens.weight'");
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
  for (std::string shard : {"\"../one.safetensors\"", "\"\"", "\".\"", "\"..\"", "7", "null"}) {
    writeFile(index, "{\"weight_map\":{\"w\":" + shard + "}}");
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, loadFolder), "tensor 'w' is not mapped to a file of this folder");
  }
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

TEST_F(LoadTest, PassesOverWhatTheProgramDoesNotRead) {
  const char *unread[] = {"model.layers.7.mlp.gate.weight", "model.layers.7.mlp.experts.{e}.up_proj.weight"};
  model.builder.program.unread_parameters = unread;
  model.builder.program.unread_parameter_count = 2;
  StoredTensor other{"F32", {1}, std::string(4, '\0')};
  tensors["model.layers.7.mlp.gate.weight"] = tensors["model.layers.7.mlp.experts.12.up_proj.weight"] = other;
  load();
  expectEqual();
  tensors["model.layers.7.mlp.experts.x.up_proj.weight"] = other;
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { load(); }),
                  "the model 'bigram' has no tensor 'model.layers.7.mlp.experts.x.up_proj.weight'");
}

TEST_F(LoadTest, RefusesAnotherShapeOrType) {
  tensors.at(expert2).shape = {16, 16};
  EXPECT_CONTAINS(failure(), "has the shape [16, 16], the model needs [256]");
  tensors.at(expert2).shape = {256};
  tensors.at(expert2).dtype = "I32";
  EXPECT_CONTAINS(failure(), "has the dtype I32; F32, BF16 or F16 is expected");
}

TEST_F(LoadTest, RefusesWeightsThatAreNotFinite) {
  auto refusal = [&](const char *name, const char *dtype, const std::string &element) {
    StoredTensors former = tensors;
    StoredTensor &tensor = tensors.at(name);
    size_t count = tensor.bytes.size() / sizeof(float);
    tensor.dtype = dtype;
    tensor.bytes.assign(count * element.size(), '\0');
    tensor.bytes.replace((count - 2) * element.size(), element.size(), element);
    std::string message = failureOf(HADAL_EXIT_INPUT, [&] { load(); });
    tensors = std::move(former);
    return message;
  };
  EXPECT_CONTAINS(refusal(table, "F32", std::string("\0\0\x80\xff", 4)),
                  std::string("model.safetensors: tensor '") + table + "': element 65534 is -inf; ");
  EXPECT_CONTAINS(refusal(expert2, "BF16", "\xc0\x7f"), std::string(expert2) + "': element 254 is nan; ");
  EXPECT_CONTAINS(refusal(expert2, "F16", std::string("\0\x7c", 2)), std::string(expert2) + "': element 254 is inf; ");
  EXPECT_CONTAINS(refusal("model.layers.0.mlp.gate.e_score_correction_bias", "F32", std::string("\0\0\xc0\x7f", 4)),
                  "gate.e_score_correction_bias': element 2 is nan; ");
  load();
  expectEqual();
}

TEST_F(LoadTest, SaysWhatIsThereInsteadOfWeights) {
  auto refusal = [&] { return failureOf(HADAL_EXIT_INPUT, [&] { loadWeights(folder.path(), loaded); }); };
  std::filesystem::path weights = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  writeFile(index, lfsPointer);
  EXPECT_CONTAINS(refusal(), "model.safetensors.index.json' is only a pointer of Git LFS");
  writeFile(index, "{\"weight_map\":{\"w\":\"one.safetensors\"}}");
  writeFile(folder / "one.safetensors", lfsPointer);
  EXPECT_CONTAINS(refusal(), "one.safetensors' is only a pointer of Git LFS");
  writeFile(weights, "<!DOCTYPE html><html>");
  EXPECT_CONTAINS(refusal(), "model.safetensors: not a safetensors file: it begins with '<!DOCTYPE html>");
  std::filesystem::remove(weights);
  std::filesystem::create_symlink("../../blobs/4d7a", weights);
  EXPECT_CONTAINS(refusal(), "model.safetensors': it is a link that leads nowhere");
}

class ExportTest : public LoadTest {
protected:
  std::filesystem::path directory = folder / "exported";

  /// The names in the directory, and whether what is there loads as the model whose first weight is `first`.
  std::vector<std::string> names() const { return listFolder(directory, HADAL_EXIT_INPUT); }
  void expectModel(float first) {
    loadWeights(directory, loaded);
    EXPECT_EQ(loaded.read<float>(loaded.require(HADAL_PARAMETER, table))[0], first);
  }
  void setFirst(float value) {
    original.write(original.require(HADAL_PARAMETER, table), 0, std::as_bytes(std::span(&value, 1)));
  }
  std::string refusal() {
    std::string early = failureOf(HADAL_EXIT_COMMAND_LINE, [&] { requireExportable(directory, original.program()); });
    EXPECT_EQ(early, failureOf(HADAL_EXIT_COMMAND_LINE, [&] { exportModel(directory, original); }));
    return early;
  }
};

TEST_F(ExportTest, ReplacesAFormerExportAndLeavesWhatElseIsThere) {
  std::filesystem::create_directory(directory);
  writeFile(directory / "tokenizer.json", "{}");
  writeFile(directory / "generation_config.json", "{}");
  writeFile(directory / "adapter_model.safetensors", "of others, who load it by this name only");
  for (float first : {1.0f, 2.0f}) {
    setFirst(first);
    exportModel(directory, original);
    expectModel(first);
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"adapter_model.safetensors", "config.json", "generation_config.json",
                                               "model.safetensors", "tokenizer.json"}));
}

TEST_F(ExportTest, FollowsLinksToItsFiles) {
  std::filesystem::create_directories(folder / "blobs");
  std::filesystem::create_directories(directory);
  std::filesystem::create_symlink("../blobs/weights", directory / "model.safetensors");
  for (float first : {1.0f, 2.0f}) {
    setFirst(first);
    exportModel(directory, original);
    expectModel(first);
    EXPECT_TRUE(std::filesystem::is_symlink(directory / "model.safetensors"));
  }
}

TEST_F(ExportTest, WhatItWouldHaveToReplaceIsRefused) {
  std::filesystem::create_directory(directory);
  for (const char *name : {"model.safetensors", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
                           "pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"}) {
    writeFile(directory / name, "of others");
    std::string message = refusal();
    EXPECT_CONTAINS(message, "holds weights that Hadal did not export (" + std::string(name) + ")");
    EXPECT_CONTAINS(message, "choose another folder");
    EXPECT_EQ(readFile(directory / name), "of others");
    EXPECT_EQ(names(), std::vector<std::string>{name});
    std::filesystem::remove(directory / name);
  }
  store(directory / "model.safetensors", tensors); // what another program has saved
  EXPECT_CONTAINS(refusal(), "holds weights that Hadal did not export (model.safetensors)");
  std::filesystem::remove(directory / "model.safetensors");
  writeFile(directory / "config.json", "{\"model_type\": \"other\"}");
  EXPECT_CONTAINS(refusal(), "config.json describes another model than the program's");
  EXPECT_EQ(names(), std::vector<std::string>{"config.json"});
}

TEST_F(ExportTest, AKillAtAnyStageLeavesOneWholeModel) {
  auto killedAt = [&](std::string_view stage) {
    return waitFor(startChild([&] {
      exportModel(directory, original, [&](std::string_view current) {
        if (current == stage)
          kill(getpid(), SIGKILL);
      });
      return 0;
    }));
  };
  for (const char *stage : {"weights", "commit", "config", "end"}) {
    bool committed = std::string_view(stage) == "config" || std::string_view(stage) == "end";
    std::filesystem::remove_all(directory);
    ASSERT_EQ(killedAt(stage), 128 + SIGKILL); // where there was nothing
    EXPECT_EQ(std::filesystem::exists(directory / "model.safetensors"), committed) << stage;
    EXPECT_EQ(std::filesystem::exists(directory / "config.json"), std::string_view(stage) == "end") << stage;
    setFirst(1);
    exportModel(directory, original);
    setFirst(2);
    ASSERT_EQ(killedAt(stage), 128 + SIGKILL); // over a former export
    expectModel(committed ? 2 : 1);
    EXPECT_EQ(names(), (std::vector<std::string>{"config.json", "model.safetensors"})) << stage;
  }
}

TEST_F(ExportTest, WhatAKillBeforeTheLastStepLeftIsRemoved) {
  exportModel(directory, original);
  std::filesystem::copy(directory / "model.safetensors", directory / ".hadal-1-0");
  writeFile(directory / ".hadal-notes", "of others");
  exportModel(directory, original);
  EXPECT_EQ(names(), (std::vector<std::string>{".hadal-notes", "config.json", "model.safetensors"}));
}

TEST_F(ExportTest, ACheckpointIsNoPlaceForAnExport) {
  CheckpointFolder(folder / "saved", 1).save(original, {.step = 3});
  directory = folder / "saved/step-3";
  EXPECT_CONTAINS(refusal(), "is a checkpoint of a training run");
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
