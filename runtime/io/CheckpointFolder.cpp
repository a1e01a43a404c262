// Saving, finding and loading checkpoints.
#include "runtime/io/CheckpointFolder.h"

#include "runtime/core/Error.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/io/NamedTensors.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

namespace hadal {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

static constexpr std::string_view stepPrefix = "step-", temporaryPrefix = ".incomplete-";
static constexpr const char *stateFile = "trainer.json", *optimizerFile = "optimizer.safetensors";

static const std::vector<NamedGroup> &optimizerGroups() {
  static const std::vector<NamedGroup> groups = {{HADAL_FIRST_MOMENT, ".first_moment"},
                                                 {HADAL_SECOND_MOMENT, ".second_moment"}};
  return groups;
}

static void removeTree(const fs::path &path) {
  std::error_code ignored; // what stays behind is removed by the next run
  fs::remove_all(path, ignored);
}

//===----------------------------------------------------------------------===//
// Finding
//===----------------------------------------------------------------------===//

/// What a checkpoint's folder holds: the state if it is complete, what is wrong if it is damaged, neither if it has no
/// trainer.json.
struct Contents {
  std::optional<Json> state;
  std::string damage;
};

/// What differs from the sizes that trainer.json lists, or nothing.
static std::string findDamage(const fs::path &folder, const Json &state) {
  if (!state.is_object() || !state.contains("files") || !state["files"].is_object())
    return concat(stateFile, " is not the JSON that was saved");
  for (const auto &[name, size] : state["files"].items()) {
    std::error_code error;
    uintmax_t actual = fs::file_size(folder / name, error);
    if (error)
      return concat(name, ": ", error.message());
    if (size != actual)
      return concat(name, " has ", actual, " bytes instead of ", size.dump());
  }
  return "";
}

static Contents inspect(const fs::path &folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder / stateFile, error))
    return {};
  MappedFile file(folder / stateFile);
  Json state = Json::parse(file.text(), nullptr, false);
  std::string damage = findDamage(folder, state);
  return {damage.empty() ? std::optional(std::move(state)) : std::nullopt, damage};
}

static std::optional<int64_t> stepOf(const fs::path &folder) {
  std::string name = folder.filename().string();
  if (!name.starts_with(stepPrefix))
    return std::nullopt;
  int64_t step;
  const char *end = name.data() + name.size();
  auto [rest, error] = std::from_chars(name.data() + stepPrefix.size(), end, step);
  return error == std::errc() && rest == end ? std::optional(step) : std::nullopt;
}

CheckpointFolder::CheckpointFolder(const fs::path &path, unsigned keep) : root(path), folder(path), keep(keep) {
  lock = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0 || (flock(lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)) {
    if (lock >= 0)
      close(lock);
    fail(HADAL_EXIT_INPUT, "--save: '", root.string(), "' is in use by another run");
  }
  for (const fs::directory_entry &entry : fs::directory_iterator(root))
    if (entry.path().filename().string().starts_with(temporaryPrefix))
      removeTree(entry.path());
}

CheckpointFolder::~CheckpointFolder() {
  if (lock >= 0)
    close(lock);
}

fs::path CheckpointFolder::folderOf(int64_t step) const { return root / concat(stepPrefix, step); }

std::vector<int64_t> CheckpointFolder::completeSteps() const {
  std::vector<int64_t> steps;
  for (const fs::directory_entry &entry : fs::directory_iterator(root))
    if (std::optional<int64_t> step = stepOf(entry.path()); step && inspect(entry.path()).state)
      steps.push_back(*step);
  std::ranges::sort(steps);
  return steps;
}

std::optional<int64_t> CheckpointFolder::newest() const {
  std::vector<int64_t> steps = completeSteps();
  return steps.empty() ? std::nullopt : std::optional(steps.back());
}

std::vector<DamagedCheckpoint> CheckpointFolder::damaged() const {
  std::vector<DamagedCheckpoint> list;
  for (const fs::directory_entry &entry : fs::directory_iterator(root))
    if (std::optional<int64_t> step = stepOf(entry.path()))
      if (std::string damage = inspect(entry.path()).damage; !damage.empty())
        list.push_back({*step, damage});
  std::ranges::sort(list, {}, &DamagedCheckpoint::step);
  return list;
}

//===----------------------------------------------------------------------===//
// Saving
//===----------------------------------------------------------------------===//

void CheckpointFolder::stage(std::string_view name) const {
  if (onStage)
    onStage(name);
}

void CheckpointFolder::writeFiles(const fs::path &folder, const Session &session, const TrainerState &state) {
  stage("model");
  writeModel(folder, session);
  stage("optimizer");
  OutputFile optimizer(folder / optimizerFile);
  writeTensors(optimizer, session, optimizerGroups());
  optimizer.close();

  stage("state");
  Json json = {{"step", state.step},
               {"samples", state.samples},
               {"seed", state.seed},
               {"shuffle", state.shuffle},
               {"data_tokens", state.dataTokens},
               {"data_digest", state.dataDigest},
               {"sequence_length", state.sequenceLength},
               {"tokens_ahead", state.tokensAhead},
               {"settings", Json::object()},
               {"files", Json::object()}};
  for (const auto &[name, value] : state.settings)
    json["settings"][name] = value;
  std::vector<fs::path> files;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder))
    files.push_back(entry.path());
  std::ranges::sort(files);
  for (const fs::path &file : files)
    json["files"][file.filename().string()] = fs::file_size(file);
  OutputFile trainer(folder / stateFile);
  trainer.write(json.dump(2) + "\n");
  trainer.close();
  syncFolder(folder);
}

void CheckpointFolder::save(const Session &session, const TrainerState &state) {
  fs::path temporary = root / concat(temporaryPrefix, state.step), final = folderOf(state.step);
  try {
    removeTree(temporary);
    stage("begin");
    createFolder(temporary);
    writeFiles(temporary, session, state);
    stage("rename");
    std::error_code error;
    if (fs::exists(final, error)) { // the remains of something that was no complete checkpoint
      renamePath(final, root / concat(temporaryPrefix, "former-", state.step));
      removeTree(root / concat(temporaryPrefix, "former-", state.step));
    }
    renamePath(temporary, final);
    syncFolder(root);
  } catch (const Error &error) {
    removeTree(temporary);
    std::optional<int64_t> last = newest();
    fail(error.code(), "step ", state.step, " could not be saved: ", error.what(),
         last ? concat("; the last complete checkpoint is ", folderOf(*last).string()) : "; there is no checkpoint");
  } catch (const fs::filesystem_error &error) {
    removeTree(temporary);
    fail(HADAL_EXIT_IO_FAILURE, "step ", state.step, " could not be saved: ", error.what());
  }
  stage("remove");
  removeOlder();
  stage("end");
}

void CheckpointFolder::removeOlder() {
  std::vector<int64_t> steps = completeSteps();
  for (size_t i = 0; i + keep < steps.size(); ++i) {
    // Renamed first: a half-deleted folder must not look like a checkpoint.
    fs::path doomed = root / concat(temporaryPrefix, "old-", steps[i]);
    renamePath(folderOf(steps[i]), doomed);
    stage("delete");
    removeTree(doomed);
  }
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

TrainerState CheckpointFolder::load(int64_t step, Session &session) const {
  fs::path folder = folderOf(step);
  std::optional<Json> json = inspect(folder).state;
  if (!json)
    fail(HADAL_EXIT_INPUT, folder.string(), ": not a complete checkpoint");
  TrainerState state;
  try {
    json->at("step").get_to(state.step);
    json->at("samples").get_to(state.samples);
    json->at("seed").get_to(state.seed);
    json->at("shuffle").get_to(state.shuffle);
    json->at("data_tokens").get_to(state.dataTokens);
    json->at("data_digest").get_to(state.dataDigest);
    json->at("sequence_length").get_to(state.sequenceLength);
    json->at("tokens_ahead").get_to(state.tokensAhead);
    for (const auto &[name, value] : json->at("settings").items())
      state.settings.emplace_back(name, value.get<std::string>());
  } catch (const Json::exception &error) {
    fail(HADAL_EXIT_INPUT, (folder / stateFile).string(), ": a field is missing or of the wrong type (", error.what(),
         ")");
  }
  readTensors(folder / "model.safetensors", session, {{HADAL_PARAMETER, ""}});
  readTensors(folder / optimizerFile, session, optimizerGroups());
  return state;
}

} // namespace hadal
