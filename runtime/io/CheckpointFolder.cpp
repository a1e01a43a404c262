// Saving, finding and loading checkpoints.
#include "runtime/io/CheckpointFolder.h"

#include "runtime/core/Error.h"
#include "runtime/io/CheckpointMark.h"
#include "runtime/io/File.h"
#include "runtime/io/HuggingFaceDirectory.h"
#include "runtime/io/Json.h"
#include "runtime/io/NamedTensors.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hadal {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

static constexpr std::string_view stepPrefix = "step-", temporaryPrefix = ".incomplete-hadal-";
static constexpr const char *stateFile = "trainer.json", *optimizerFile = "optimizer.safetensors",
                            *weightsFile = "model.safetensors";

static const std::vector<NamedGroup> &optimizerGroups() {
  static const std::vector<NamedGroup> groups = {{HADAL_FIRST_MOMENT, ".first_moment"},
                                                 {HADAL_SECOND_MOMENT, ".second_moment"}};
  return groups;
}

//===----------------------------------------------------------------------===//
// What is ours
//===----------------------------------------------------------------------===//

/// The names of all files in a checkpoint, in the order in which they are removed: without trainer.json it is none, and
/// as long as the mark is there it is ours.
static constexpr const char *ownFiles[] = {stateFile, optimizerFile, weightsFile, "config.json", checkpointMarkFile};

/// Why the path is not the folder of our checkpoint of this step, or nothing.
static std::string whyForeign(const fs::path &path, int64_t step) {
  std::error_code error;
  fs::file_status status = fs::symlink_status(path, error);
  if (fs::is_symlink(status))
    return "is a symbolic link";
  if (!fs::is_directory(status))
    return "is not a folder";
  std::optional<int64_t> marked = readCheckpointMark(path);
  if (!marked)
    return "is not a checkpoint that Hadal has saved";
  return *marked == step ? "" : concat("is a copy of the checkpoint step-", *marked);
}

/// What else is in the folder of a checkpoint, in words, or nothing.
static std::string findForeignEntry(const fs::path &folder) {
  for (const std::string &name : listFolder(folder, HADAL_EXIT_IO_FAILURE)) {
    std::error_code error;
    bool own = std::ranges::find(ownFiles, name) != std::end(ownFiles) &&
               fs::is_regular_file(fs::symlink_status(folder / name, error));
    if (!own)
      return concat("holds '", name, "', which Hadal did not write");
  }
  return "";
}

/// Whether the path is ours to remove.
static bool mayRemove(const fs::path &path, int64_t step) {
  return whyForeign(path, step).empty() && findForeignEntry(path).empty();
}

/// Removes our files and the folder that they leave empty. What stays behind is removed by the next run.
static void removeOwn(const fs::path &folder) {
  for (const char *name : ownFiles)
    unlink((folder / name).c_str());
  rmdir(folder.c_str());
}

/// N in the name "PREFIX-N", if that is how we write it: "step-04" and "step-+4" are names of others.
static std::optional<int64_t> numberBehind(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix))
    return std::nullopt;
  name.remove_prefix(prefix.size());
  int64_t number;
  auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && number >= 0 && name == std::to_string(number) ? std::optional(number) : std::nullopt;
}

/// The step in a temporary name, "PREFIX-N" or "PREFIX-N-K".
static std::optional<int64_t> temporaryStep(std::string_view name) {
  if (std::optional<int64_t> step = numberBehind(temporaryPrefix, name))
    return step;
  size_t dash = name.rfind('-');
  bool counted = dash != name.npos && numberBehind("-", name.substr(dash));
  return counted ? numberBehind(temporaryPrefix, name.substr(0, dash)) : std::nullopt;
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
      return concat(name, " has ", actual, " bytes instead of ", dumpJson(size));
  }
  return "";
}

static Contents inspect(const fs::path &folder) {
  if (!isTaken(folder / stateFile, HADAL_EXIT_INPUT))
    return {};
  Json state;
  try {
    state = Json::parse(readText(folder / stateFile), nullptr, false);
  } catch (const Error &error) {
    return {std::nullopt, error.what()};
  }
  std::string damage = findDamage(folder, state);
  return {damage.empty() ? std::optional(std::move(state)) : std::nullopt, damage};
}

CheckpointFolder::CheckpointFolder(const fs::path &path, unsigned keep) : root(path), folder(path), keep(keep) {
  lock = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0)
    fail(HADAL_EXIT_COMMAND_LINE, "--save: the folder '", root.string(), "' cannot be opened: ", std::strerror(errno));
  // File systems without locks report other errors; nothing guards a folder there.
  if (flock(lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
    close(lock);
    fail(HADAL_EXIT_INPUT, "--save: '", root.string(), "' is in use by another run");
  }
  removeUnfinished();
}

CheckpointFolder::~CheckpointFolder() {
  if (lock >= 0)
    close(lock);
}

fs::path CheckpointFolder::folderOf(int64_t step) const { return root / concat(stepPrefix, step); }

/// The steps after which something in the folder is named, ours or not, in increasing order.
std::vector<int64_t> CheckpointFolder::steps() const {
  std::vector<int64_t> list;
  for (const std::string &name : listFolder(root, HADAL_EXIT_INPUT))
    if (std::optional<int64_t> step = numberBehind(stepPrefix, name))
      list.push_back(*step);
  std::ranges::sort(list);
  return list;
}

std::vector<int64_t> CheckpointFolder::completeSteps() const {
  std::vector<int64_t> list = steps();
  std::erase_if(
      list, [&](int64_t step) { return !whyForeign(folderOf(step), step).empty() || !inspect(folderOf(step)).state; });
  return list;
}

std::optional<int64_t> CheckpointFolder::newest() const {
  std::vector<int64_t> list = completeSteps();
  return list.empty() ? std::nullopt : std::optional(list.back());
}

std::vector<DamagedCheckpoint> CheckpointFolder::damaged() const {
  std::vector<DamagedCheckpoint> list;
  for (int64_t step : steps())
    if (whyForeign(folderOf(step), step).empty())
      if (std::string damage = inspect(folderOf(step)).damage; !damage.empty())
        list.push_back({step, damage});
  return list;
}

/// Fails when the name of a step is taken by something that we may not replace.
void CheckpointFolder::requireReplaceable(int64_t step, hadal_exit_code code) const {
  if (!isTaken(folderOf(step)))
    return;
  std::string reason = whyForeign(folderOf(step), step);
  if (reason.empty())
    reason = findForeignEntry(folderOf(step));
  if (!reason.empty())
    fail(code, "--save: '", folderOf(step).string(), "' ", reason, ", but step ", step,
         " is to be saved there; move it away, or choose another folder");
}

void CheckpointFolder::requireFree(int64_t first, int64_t last) const {
  for (int64_t step : steps())
    if (step >= first && step <= last)
      requireReplaceable(step, HADAL_EXIT_COMMAND_LINE);
}

//===----------------------------------------------------------------------===//
// Saving
//===----------------------------------------------------------------------===//

void CheckpointFolder::stage(std::string_view name) const {
  if (onStage)
    onStage(name);
}

fs::path CheckpointFolder::temporaryName(int64_t step, unsigned number) const {
  return root / (number ? concat(temporaryPrefix, step, "-", number) : concat(temporaryPrefix, step));
}

/// Creates a folder under a name that nothing had, and marks it.
fs::path CheckpointFolder::createTemporary(int64_t step) const {
  fs::path path;
  for (unsigned number = 0; mkdir((path = temporaryName(step, number)).c_str(), 0777); ++number)
    if (errno != EEXIST)
      fail(HADAL_EXIT_IO_FAILURE, "cannot create the folder '", path.string(), "': ", std::strerror(errno));
  stage("mark");
  try {
    writeCheckpointMark(path, step);
  } catch (...) {
    removeOwn(path);
    throw;
  }
  return path;
}

/// Removes a checkpoint of ours. It is renamed first: a half-deleted folder must not look like a checkpoint.
void CheckpointFolder::setAside(int64_t step) {
  unsigned number = 0;
  while (!renameToFreePath(folderOf(step), temporaryName(step, number)))
    ++number;
  stage("delete");
  removeOwn(temporaryName(step, number));
}

/// Removes what saves and removals that were interrupted have left, among it a folder that did not get its mark.
void CheckpointFolder::removeUnfinished() {
  for (const std::string &name : listFolder(root, HADAL_EXIT_INPUT)) {
    std::optional<int64_t> step = temporaryStep(name);
    if (!step)
      continue;
    rmdir((root / name).c_str()); // if it is empty
    if (mayRemove(root / name, *step))
      removeOwn(root / name);
  }
}

void CheckpointFolder::writeFiles(const fs::path &folder, const Session &session, const TrainerState &state) {
  stage("model");
  writeModel(folder, session);
  stage("optimizer");
  OutputFile optimizer(folder / optimizerFile);
  writeTensors(optimizer, session, "optimizer", optimizerGroups());
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
  for (const std::string &name : listFolder(folder, HADAL_EXIT_IO_FAILURE))
    json["files"][name] = fs::file_size(folder / name);
  OutputFile trainer(folder / stateFile);
  trainer.write(dumpJson(json, 2) + "\n");
  trainer.close();
  syncFolder(folder);
}

/// Gives a finished folder its final name.
void CheckpointFolder::publish(const fs::path &temporary, int64_t step) {
  stage("rename");
  requireReplaceable(step, HADAL_EXIT_IO_FAILURE);
  if (isTaken(folderOf(step))) // the remains of something that was no complete checkpoint
    setAside(step);
  if (!renameToFreePath(temporary, folderOf(step)))
    fail(HADAL_EXIT_IO_FAILURE, "'", folderOf(step).string(), "' has been created meanwhile");
  syncFolder(root);
}

void CheckpointFolder::writeAndPublish(const Session &session, const TrainerState &state) {
  stage("begin");
  requireReplaceable(state.step, HADAL_EXIT_IO_FAILURE);
  fs::path temporary = createTemporary(state.step);
  try {
    writeFiles(temporary, session, state);
    publish(temporary, state.step);
  } catch (...) {
    removeOwn(temporary);
    throw;
  }
}

void CheckpointFolder::save(const Session &session, const TrainerState &state) {
  try {
    writeAndPublish(session, state);
  } catch (const Error &error) {
    std::optional<int64_t> last = newest();
    fail(error.code(), "step ", state.step, " could not be saved: ", error.what(),
         last ? concat("; the last complete checkpoint is ", folderOf(*last).string()) : "; there is no checkpoint");
  } catch (const fs::filesystem_error &error) {
    fail(HADAL_EXIT_IO_FAILURE, "step ", state.step, " could not be saved: ", error.what());
  }
  stage("remove");
  removeOlder();
  stage("end");
}

void CheckpointFolder::removeOlder() {
  std::vector<int64_t> list = completeSteps();
  for (size_t i = 0; i + keep < list.size(); ++i)
    if (mayRemove(folderOf(list[i]), list[i]))
      setAside(list[i]);
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

TrainerState CheckpointFolder::load(int64_t step, Session &session) const {
  fs::path folder = folderOf(step);
  std::optional<Json> json = inspect(folder).state;
  if (!json || !whyForeign(folder, step).empty())
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
  if (state.step != step)
    fail(HADAL_EXIT_INPUT, (folder / stateFile).string(), ": the field 'step' is ", state.step, " in the folder of step ",
         step);
  readTensors(folder / weightsFile, session, {{HADAL_PARAMETER, ""}});
  readTensors(folder / optimizerFile, session, optimizerGroups());
  return state;
}

} // namespace hadal
