// Loading happens in two passes. The first opens every shard, checks the headers, and pairs each parameter (each
// expert's slice of a stacked one) with a tensor of a file; it reports whatever does not fit. The second converts and
// copies.
#include "runtime/io/HuggingFaceDirectory.h"

#include "runtime/core/Error.h"
#include "runtime/io/CheckpointMark.h"
#include "runtime/io/EncodedWeights.h"
#include "runtime/io/NamedTensors.h"
#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"
#include "runtime/io/WeightSource.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>

namespace hadal {

namespace fs = std::filesystem;
using Json = nlohmann::json;

static constexpr const char *configFile = "config.json", *weightsFile = "model.safetensors",
                            *indexFile = "model.safetensors.index.json";
static constexpr const char *contentsOfWeights = "model"; // what the weights' file says of itself

namespace {

class ModelFiles {
public:
  explicit ModelFiles(const fs::path &directory);

  /// Where the tensors' names are listed, for messages.
  const fs::path &listing() const { return listingPath; }
  const std::map<std::string, WeightSource> &tensors() const { return sources; }

private:
  fs::path listingPath;
  std::vector<std::unique_ptr<SafetensorsFile>> files;
  std::map<std::string, WeightSource> sources;

  void addFile(const fs::path &path);
  void addShards(const fs::path &directory);
  void findScales();
};

ModelFiles::ModelFiles(const fs::path &directory) {
  std::error_code error;
  fs::file_status status = fs::status(directory, error);
  if (!fs::status_known(status))
    fail(HADAL_EXIT_INPUT, "cannot look at '", directory.string(), "': ", error.message());
  if (!fs::is_directory(status))
    fail(HADAL_EXIT_INPUT, "'", directory.string(), "' is not a folder; a Hugging Face model directory is expected");
  fs::path single = directory / weightsFile, index = directory / indexFile;
  if (isTaken(single, HADAL_EXIT_INPUT)) {
    listingPath = single;
    addFile(single);
  } else if (isTaken(index, HADAL_EXIT_INPUT)) {
    listingPath = index;
    addShards(directory);
  } else {
    fail(HADAL_EXIT_INPUT, "'", directory.string(), "' has neither model.safetensors nor ", index.filename().string());
  }
  findScales();
}

/// Tensors in FP8 know their scales, which may be in another file.
void ModelFiles::findScales() {
  for (auto &[name, source] : sources) {
    auto scales = source.isFP8() ? sources.find(concat(name, scalesSuffix)) : sources.end();
    if (scales == sources.end())
      continue;
    source.scalesFile = scales->second.file;
    source.scales = scales->second.entry;
    checkScales(name, source);
  }
}

void ModelFiles::addFile(const fs::path &path) {
  const SafetensorsFile &file = *files.emplace_back(std::make_unique<SafetensorsFile>(path));
  for (const auto &[name, entry] : file.entries())
    if (auto [place, isNew] = sources.insert({name, {&file, &entry}}); !isNew)
      fail(HADAL_EXIT_INPUT, path.string(), ": tensor '", name, "' is also in ", place->second.path());
}

void ModelFiles::addShards(const fs::path &directory) {
  Json index = Json::parse(readText(listingPath), nullptr, false);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    fail(HADAL_EXIT_INPUT, listingPath.string(), ": not a JSON object with a weight_map");
  std::set<std::string> shards;
  for (const auto &[name, shard] : index["weight_map"].items()) {
    fs::path file = shard.is_string() ? shard.get<std::string>() : std::string();
    std::error_code error;
    // An empty name, "." and ".." are the folder itself or the one around it.
    if (file.filename() != file || fs::is_directory(directory / file, error))
      fail(HADAL_EXIT_INPUT, listingPath.string(), ": tensor '", name, "' is not mapped to a file of this folder");
    shards.insert(shard.get<std::string>());
  }
  for (const std::string &shard : shards)
    addFile(directory / shard);
  for (const auto &[name, shard] : index["weight_map"].items()) {
    auto found = sources.find(name);
    if (found == sources.end() || found->second.file->path().filename() != shard.get<std::string>())
      fail(HADAL_EXIT_INPUT, (directory / shard.get<std::string>()).string(), ": tensor '", name,
           "' is missing, although ", listingPath.filename().string(), " says that it is in this file");
  }
}

/// A parameter, or one expert's slice of it, and the file's tensor that it is loaded from.
struct Pairing {
  NamedTensor named;
  WeightSource source;
};

void checkFits(const std::string &name, const NamedTensor &named, const WeightSource &source) {
  const SafetensorsEntry &entry = *source.entry;
  if (entry.shape != named.shape)
    fail(HADAL_EXIT_INPUT, source.path(), ": tensor '", name, "' has the shape ", describeShape(entry.shape),
         ", the model needs ", describeShape(named.shape));
  if (!source.isReadable())
    fail(HADAL_EXIT_INPUT, source.path(), ": tensor '", name, "' has the dtype ", entry.dtype,
         "; F32, BF16 or F16 is expected, or F8_E4M3 with scales");
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
                        "without: compile the model without it (hadal-import --mtp-num-layers=0), load weights "
                        "that have it, or, to generate, do not ask for drafts (--speculate)"
                      : "");
}

/// The names of a file's tensors that the program has no use for although its model has them. A stacked parameter's
/// pattern has `{e}` in the place of a number between two dots.
class UnreadParameters {
public:
  explicit UnreadParameters(const Program &program)
      : patterns(program->unread_parameters, program->unread_parameters + program->unread_parameter_count) {}

  bool contains(const std::string &name) const {
    if (patterns.contains(name))
      return true;
    for (size_t begin = 0; begin < name.size(); begin = name.find('.', begin) + 1) {
      size_t end = std::min(name.find('.', begin), name.size());
      bool isNumber = end > begin && std::all_of(name.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 name.begin() + static_cast<std::ptrdiff_t>(end),
                                                 [](char c) { return c >= '0' && c <= '9'; });
      if (isNumber && patterns.contains(concat(name.substr(0, begin), "{e}", name.substr(end))))
        return true;
      if (end == name.size())
        break;
    }
    return false;
  }

private:
  std::set<std::string> patterns;
};

bool isKnownBuffer(std::string_view name) { return name.ends_with("rotary_emb.inv_freq"); }

/// The names among these of the given parameters.
std::vector<std::string> namesOf(const std::vector<NamedTensor> &parameters, std::span<const uint32_t> chosen) {
  std::vector<std::string> names;
  for (const NamedTensor &parameter : parameters)
    if (std::ranges::find(chosen, parameter.tensor) != chosen.end())
      names.push_back(parameter.name);
  return names;
}

/// Whether a tensor of a file is the scales of one in FP8.
bool areScalesOfFP8(const ModelFiles &files, const std::string &name) {
  auto owner = files.tensors().find(std::string(ownerOfScales(name)));
  return owner != files.tensors().end() && owner->second.isFP8();
}

/// What the parameters are loaded from.
struct Pairings {
  std::vector<Pairing> parameters, aliases;
  /// Scales that no file has: weights that are not in FP8 get scales of their own.
  std::vector<NamedTensor> absentScales;
};

/// Finds for every parameter its tensor, and an explanation for every tensor of the directory.
Pairings pairParameters(const ModelFiles &files, const Program &program, std::span<const uint32_t> optional) {
  std::vector<NamedTensor> parameters = namedTensors(program, HADAL_PARAMETER);
  Pairings pairs;
  std::vector<std::string> missing;
  std::set<std::string_view> explained;
  for (const NamedTensor &named : parameters) {
    auto found = files.tensors().find(named.name);
    if (found == files.tensors().end()) {
      if (program.areScales(named.tensor))
        pairs.absentScales.push_back(named);
      else
        missing.push_back(named.name);
      continue;
    }
    checkFits(named.name, named, found->second);
    explained.insert(found->first);
    pairs.parameters.push_back({named, found->second});
    const hadal_tensor &tensor = program.tensors()[named.tensor];
    for (uint32_t i = 0; i < tensor.alias_count; ++i) {
      auto alias = files.tensors().find(tensor.aliases[i]);
      if (alias == files.tensors().end())
        continue;
      checkFits(alias->first, named, alias->second);
      explained.insert(alias->first);
      pairs.aliases.push_back({named, alias->second});
      pairs.aliases.back().named.name = alias->first;
    }
  }
  if (!missing.empty() && missing != namesOf(parameters, optional))
    reportMissing(missing, parameters, files);
  std::vector<std::string> surplus;
  UnreadParameters unread(program);
  for (const auto &[name, source] : files.tensors())
    if (!explained.contains(name) && !isKnownBuffer(name) && !unread.contains(name) && !areScalesOfFP8(files, name))
      surplus.push_back(name);
  if (!surplus.empty())
    fail(HADAL_EXIT_INPUT, files.tensors().at(surplus.front()).path(), ": the model '", program->model,
         "' has no tensor '", surplus.front(), "'",
         surplus.size() > 1 ? concat(", nor ", surplus.size() - 1, " more of the file's") : "");
  return pairs;
}

void checkAlias(const Pairing &alias, const Pairing &owner) {
  WeightReader ours, theirs;
  uint64_t count = alias.named.size / sizeof(float);
  for (uint64_t first = 0; first < count; first += WeightReader::chunkSize) {
    uint64_t part = std::min(WeightReader::chunkSize, count - first);
    std::span expected = ours.read(owner.source, first, part);
    if (std::memcmp(expected.data(), theirs.read(alias.source, first, part).data(), expected.size_bytes()))
      fail(HADAL_EXIT_INPUT, alias.source.path(), ": tensor '", alias.named.name, "' differs from '", owner.named.name,
           "', which it must be a copy of: this model shares the two");
  }
}

} // namespace

/// The scales of a file are those of weights: with others a weight times its scale would not give its code again.
static void requireScales(const Pairing &pair, uint64_t first, std::span<const float> values) {
  constexpr float least = 0x1p-100f, most = 0x1p100f;
  for (uint64_t i = 0; i < values.size(); ++i)
    if (float value = values[i]; value != 0 && !(std::abs(value) >= least && std::abs(value) <= most))
      fail(HADAL_EXIT_INPUT, pair.source.path(), ": tensor '", pair.named.name, "' has the scale ", value,
           " as element ", first + i, "; scales of weights lie between 1e-30 and 1e30");
}

/// Writes a parameter, or a slice of it.
static void loadTensor(const Pairing &pair, bool isOfScales, Session &session, WeightReader &reader) {
  uint64_t count = pair.named.size / sizeof(float);
  for (uint64_t first = 0; first < count; first += WeightReader::chunkSize) {
    std::span part = reader.read(pair.source, first, std::min(WeightReader::chunkSize, count - first));
    requireFiniteValues(pair.source.file->path(), pair.named.name, first, part);
    if (isOfScales)
      requireScales(pair, first, part);
    session.write(pair.named.tensor, pair.named.offset + first * sizeof(float), std::as_bytes(part));
  }
}

bool loadWeights(const fs::path &directory, Session &session, std::span<const uint32_t> optional) {
  ModelFiles files(directory);
  for (const auto &[name, source] : files.tensors())
    if (!(source.isFP8() && source.scales) && !areScalesOfFP8(files, name))
      refuseEncoded(source.path(), name, source.entry->dtype, session.program());
  Pairings pairs = pairParameters(files, session.program(), optional);
  for (const Pairing &alias : pairs.aliases)
    for (const Pairing &owner : pairs.parameters)
      if (owner.named.tensor == alias.named.tensor)
        checkAlias(alias, owner);
  for (const NamedTensor &named : pairs.absentScales)
    session.write(named.tensor, named.offset, std::vector<std::byte>(named.size));
  WeightReader reader;
  for (const Pairing &pair : pairs.parameters) { // the experts of a stacked parameter follow one another
    loadTensor(pair, session.program().areScales(pair.named.tensor), session, reader);
    if (&pair == &pairs.parameters.back() || (&pair + 1)->named.tensor != pair.named.tensor)
      session.finishLoading(pair.named.tensor);
  }
  return pairs.parameters.size() + pairs.absentScales.size() == namedTensors(session.program(), HADAL_PARAMETER).size();
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
    OutputFile config(directory / configFile);
    config.write(text);
    config.close();
  }
  OutputFile weights(directory / weightsFile);
  writeTensors(weights, session, contentsOfWeights, {{HADAL_PARAMETER, ""}});
  weights.close();
}

//===----------------------------------------------------------------------===//
// Exporting
//===----------------------------------------------------------------------===//

/// Whether a reader may take the file for a model's weights, or for a part of them.
static bool namesWeights(std::string_view name) {
  if (name.starts_with("pytorch_model"))
    return name.ends_with(".bin") || name.ends_with(".bin.index.json");
  return name.starts_with("model") && (name.ends_with(".safetensors") || name == indexFile);
}

static bool isConfiguredFor(const fs::path &directory, const Program &program) {
  fs::path path = directory / configFile;
  return !holdsNothing(path) && readText(path) == configuration(program);
}

/// Refuses a directory in which an export would replace something that is not an export of the same model.
static void requireOwnDirectory(const fs::path &directory, const Program &program) {
  std::error_code error;
  if (!fs::exists(directory, error))
    return;
  if (readCheckpointMark(directory))
    fail(HADAL_EXIT_COMMAND_LINE, "--export: '", directory.string(),
         "' is a checkpoint of a training run, whose weights belong to its optimizer state; choose another folder");
  for (const std::string &name : listFolder(directory, HADAL_EXIT_COMMAND_LINE)) {
    fs::path path = directory / name;
    bool replaced = name == weightsFile;
    if (namesWeights(name) && !(replaced && (holdsNothing(path) || isWrittenAs(path, contentsOfWeights))))
      fail(HADAL_EXIT_COMMAND_LINE, "--export: '", directory.string(), "' holds weights that Hadal did not export (",
           name, "); an export replaces only former ones: choose another folder, or move these weights away");
  }
  if (fs::path path = directory / configFile; !holdsNothing(path) && !isConfiguredFor(directory, program))
    fail(HADAL_EXIT_COMMAND_LINE, "--export: ", path.string(),
         " describes another model than the program's, and weights ",
         "cannot be exchanged in one step with it; choose another folder, or move it and the weights beside it away");
}

void requireExportable(const fs::path &directory, const Program &program) {
  if (!*program->config_json)
    fail(HADAL_EXIT_INPUT, "--export: the model '", program->model,
         "' has no Hugging Face configuration: ", program->config_json_reason);
  requireOwnDirectory(directory, program);
}

/// What an export that was killed before its last step has left, which is complete and known by its contents.
static void removeUnfinishedExports(const fs::path &directory) {
  for (const std::string &name : listFolder(directory, HADAL_EXIT_IO_FAILURE))
    if (name.starts_with(ReplacingFile::temporaryPrefix) && isWrittenAs(directory / name, contentsOfWeights))
      unlink((directory / name).c_str());
}

void exportModel(const fs::path &directory, const Session &session,
                 const std::function<void(std::string_view stage)> &onStage) {
  auto stage = [&](std::string_view name) {
    if (onStage)
      onStage(name);
  };
  requireOwnDirectory(directory, session.program());
  FolderToFill folder(directory);
  removeUnfinishedExports(directory);
  stage("weights");
  ReplacingFile weights(directory / weightsFile);
  writeTensors(weights.file(), session, contentsOfWeights, {{HADAL_PARAMETER, ""}});
  stage("commit");
  weights.commit();
  stage("config"); // after the weights: none that are there may be of another model
  if (!isConfiguredFor(directory, session.program())) {
    ReplacingFile config(directory / configFile);
    config.file().write(configuration(session.program()));
    config.commit();
  }
  stage("end");
}

} // namespace hadal
