// Loading happens in two passes. The first opens every shard, checks the headers, and pairs each parameter (each
// expert's slice of a stacked one) with a tensor of a file; it reports whatever does not fit. The second converts and
// copies.
#include "runtime/io/HuggingFaceDirectory.h"

#include "runtime/core/Error.h"
#include "runtime/io/EncodedWeights.h"
#include "runtime/io/HalfPrecision.h"
#include "runtime/io/NamedTensors.h"
#include "runtime/io/Safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

namespace hadal {

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

/// A tensor of one of the directory's files.
struct Source {
  const fs::path *path;
  const SafetensorsEntry *entry;
};

class ModelFiles {
public:
  explicit ModelFiles(const fs::path &directory);

  /// Where the tensors' names are listed, for messages.
  const fs::path &listing() const { return listingPath; }
  const std::map<std::string, Source> &tensors() const { return sources; }

private:
  fs::path listingPath;
  std::vector<std::unique_ptr<SafetensorsFile>> files;
  std::map<std::string, Source> sources;

  void addFile(const fs::path &path);
  void addShards(const fs::path &directory);
};

ModelFiles::ModelFiles(const fs::path &directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    fail(HADAL_EXIT_INPUT, "'", directory.string(), "' is not a folder; a Hugging Face model directory is expected");
  fs::path single = directory / "model.safetensors", index = directory / "model.safetensors.index.json";
  if (fs::exists(single, error)) {
    listingPath = single;
    addFile(single);
  } else if (fs::exists(index, error)) {
    listingPath = index;
    addShards(directory);
  } else {
    fail(HADAL_EXIT_INPUT, "'", directory.string(), "' has neither model.safetensors nor ", index.filename().string());
  }
}

void ModelFiles::addFile(const fs::path &path) {
  const SafetensorsFile &file = *files.emplace_back(std::make_unique<SafetensorsFile>(path));
  for (const auto &[name, entry] : file.entries())
    if (auto [place, isNew] = sources.insert({name, {&file.path(), &entry}}); !isNew)
      fail(HADAL_EXIT_INPUT, path.string(), ": tensor '", name, "' is also in ", place->second.path->string());
}

void ModelFiles::addShards(const fs::path &directory) {
  MappedFile file(listingPath);
  Json index = Json::parse(file.text(), nullptr, false);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    fail(HADAL_EXIT_INPUT, listingPath.string(), ": not a JSON object with a weight_map");
  std::set<std::string> shards;
  for (const auto &[name, shard] : index["weight_map"].items()) {
    if (!shard.is_string() || fs::path(shard.get<std::string>()).filename() != shard.get<std::string>())
      fail(HADAL_EXIT_INPUT, listingPath.string(), ": tensor '", name, "' is not mapped to a file of this folder");
    shards.insert(shard.get<std::string>());
  }
  for (const std::string &shard : shards)
    addFile(directory / shard);
  for (const auto &[name, shard] : index["weight_map"].items()) {
    auto found = sources.find(name);
    if (found == sources.end() || found->second.path->filename() != shard.get<std::string>())
      fail(HADAL_EXIT_INPUT, (directory / shard.get<std::string>()).string(), ": tensor '", name,
           "' is missing, although ", listingPath.filename().string(), " says that it is in this file");
  }
}

/// A parameter, or one expert's slice of it, and the file's tensor that it is loaded from.
struct Pairing {
  NamedTensor named;
  Source source;
};

bool convertible(std::string_view dtype) { return dtype == "F32" || dtype == "BF16" || dtype == "F16"; }

void checkFits(const std::string &name, const NamedTensor &named, const Source &source) {
  const SafetensorsEntry &entry = *source.entry;
  if (entry.shape != named.shape)
    fail(HADAL_EXIT_INPUT, source.path->string(), ": tensor '", name, "' has the shape ", describeShape(entry.shape),
         ", the model needs ", describeShape(named.shape));
  if (!convertible(entry.dtype))
    fail(HADAL_EXIT_INPUT, source.path->string(), ": tensor '", name, "' has the dtype ", entry.dtype,
         "; F32, BF16 or F16 is expected");
}

/// The prefixes ("model.layers.61.") under which the program holds multi-token-prediction blocks.
std::set<std::string> predictionPrefixes(const std::vector<NamedTensor> &parameters) {
  constexpr std::string_view marker = "eh_proj.weight"; // only such a block merges embedding and hidden state
  std::set<std::string> prefixes;
  for (const NamedTensor &parameter : parameters)
    if (parameter.name.ends_with(marker))
      prefixes.insert(parameter.name.substr(0, parameter.name.size() - marker.size()));
  return prefixes;
}

[[noreturn]] void reportMissing(const std::vector<std::string> &missing, const std::vector<NamedTensor> &parameters,
                                const ModelFiles &files) {
  std::set<std::string> prefixes = predictionPrefixes(parameters);
  bool onlyPrediction = std::ranges::all_of(missing, [&](const std::string &name) {
    return std::ranges::any_of(prefixes, [&](const std::string &prefix) { return name.starts_with(prefix); });
  });
  std::string others = missing.size() > 1 ? concat(" and ", missing.size() - 1, " more are missing") : " is missing";
  fail(HADAL_EXIT_INPUT, files.listing().string(), ": tensor '", missing.front(), "'", others,
       onlyPrediction ? "; they belong to the model's multi-token-prediction block, which these weights were saved "
                        "without: compile the model without it (hadal-import --mtp-num-layers=0), or load "
                        "weights that have it"
                      : "");
}

bool isKnownBuffer(std::string_view name) { return name.ends_with("rotary_emb.inv_freq"); }

/// Finds for every parameter its tensor, and an explanation for every tensor of the directory.
std::vector<Pairing> pairParameters(const ModelFiles &files, const Program &program, std::vector<Pairing> &aliases) {
  std::vector<NamedTensor> parameters = namedTensors(program, HADAL_PARAMETER);
  std::vector<Pairing> pairs;
  std::vector<std::string> missing;
  std::set<std::string_view> explained;
  for (const NamedTensor &named : parameters) {
    auto found = files.tensors().find(named.name);
    if (found == files.tensors().end()) {
      missing.push_back(named.name);
      continue;
    }
    checkFits(named.name, named, found->second);
    explained.insert(found->first);
    pairs.push_back({named, found->second});
    const hadal_tensor &tensor = program.tensors()[named.tensor];
    for (uint32_t i = 0; i < tensor.alias_count; ++i) {
      auto alias = files.tensors().find(tensor.aliases[i]);
      if (alias == files.tensors().end())
        continue;
      checkFits(alias->first, named, alias->second);
      explained.insert(alias->first);
      aliases.push_back({named, alias->second});
      aliases.back().named.name = alias->first;
    }
  }
  if (!missing.empty())
    reportMissing(missing, parameters, files);
  std::vector<std::string> surplus;
  for (const auto &[name, source] : files.tensors())
    if (!explained.contains(name) && !isKnownBuffer(name))
      surplus.push_back(name);
  if (!surplus.empty())
    fail(HADAL_EXIT_INPUT, files.tensors().at(surplus.front()).path->string(), ": the model '", program->model,
         "' has no tensor '", surplus.front(), "'",
         surplus.size() > 1 ? concat(", nor ", surplus.size() - 1, " more of the file's") : "");
  return pairs;
}

/// Elements [first, first + values.size()) of a tensor as f32.
void widen(const SafetensorsEntry &entry, uint64_t first, std::span<float> values) {
  if (entry.dtype == "F32") {
    std::memcpy(values.data(), entry.bytes.data() + first * sizeof(float), values.size_bytes());
    return;
  }
  bool brain = entry.dtype == "BF16";
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, entry.bytes.data() + (first + i) * sizeof bits, sizeof bits);
    values[i] = brain ? widenBfloat16(bits) : widenFloat16(bits);
  }
}

constexpr uint64_t chunkSize = 1 << 18;

void checkAlias(const Pairing &alias, const Pairing &owner) {
  std::vector<float> ours(chunkSize), theirs(chunkSize);
  uint64_t count = alias.named.size / sizeof(float);
  for (uint64_t first = 0; first < count; first += chunkSize) {
    uint64_t part = std::min(chunkSize, count - first);
    widen(*owner.source.entry, first, std::span(ours).first(part));
    widen(*alias.source.entry, first, std::span(theirs).first(part));
    if (std::memcmp(ours.data(), theirs.data(), part * sizeof(float)))
      fail(HADAL_EXIT_INPUT, alias.source.path->string(), ": tensor '", alias.named.name, "' differs from '",
           owner.named.name, "', which it must be a copy of: this model shares the two");
  }
}

} // namespace

void loadWeights(const fs::path &directory, Session &session) {
  ModelFiles files(directory);
  for (const auto &[name, source] : files.tensors())
    refuseEncoded(*source.path, name, source.entry->dtype, session.program());
  std::vector<Pairing> aliases;
  std::vector<Pairing> pairs = pairParameters(files, session.program(), aliases);
  for (const Pairing &alias : aliases)
    for (const Pairing &owner : pairs)
      if (owner.named.tensor == alias.named.tensor)
        checkAlias(alias, owner);
  std::vector<float> chunk(chunkSize);
  for (const Pairing &pair : pairs) {
    uint64_t count = pair.named.size / sizeof(float);
    for (uint64_t first = 0; first < count; first += chunkSize) {
      std::span part(chunk.data(), std::min(chunkSize, count - first));
      widen(*pair.source.entry, first, part);
      session.write(pair.named.tensor, pair.named.offset + first * sizeof(float), std::as_bytes(part));
    }
  }
}

//===----------------------------------------------------------------------===//
// Saving
//===----------------------------------------------------------------------===//

static std::string configuration(const Program &program) {
  std::string text = program->config_json;
  if (!text.empty() && text.back() != '\n')
    text += '\n';
  return text;
}

void writeModel(const fs::path &directory, const Session &session) {
  if (std::string text = configuration(session.program()); !text.empty()) {
    OutputFile config(directory / "config.json");
    config.write(text);
    config.close();
  }
  OutputFile weights(directory / "model.safetensors");
  writeTensors(weights, session, {{HADAL_PARAMETER, ""}});
  weights.close();
}

void requireExportable(const Program &program) {
  if (!*program->config_json)
    fail(HADAL_EXIT_INPUT, "--export: the model '", program->model,
         "' has no Hugging Face configuration: ", program->config_json_reason);
}

void exportModel(const fs::path &directory, const Session &session) {
  FolderToFill folder(directory);
  ReplacingFile config(directory / "config.json"), weights(directory / "model.safetensors");
  config.file().write(configuration(session.program()));
  writeTensors(weights.file(), session, {{HADAL_PARAMETER, ""}});
  weights.commit();
  config.commit();
}

} // namespace hadal
