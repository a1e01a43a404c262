// The checkpoints of a run: a folder with one folder `step-N` for each. Such a folder is a Hugging Face directory
// (config.json, model.safetensors) with the optimizer's moments (optimizer.safetensors), the state of the run
// (trainer.json), and the mark of io/CheckpointMark.h. It holds no time stamps, so that equal states give equal bytes.
//
// A checkpoint survives a kill at any instant: its files are written to a temporary folder and synced one by one,
// trainer.json last; the folder is synced and renamed to its final name; only then older checkpoints go. trainer.json
// lists the sizes of the other files: a folder without it is the rest of an unfinished save and no checkpoint, one in
// which a size differs is a damaged checkpoint.
//
// Nothing that a run did not write is removed, replaced or moved. Ours is a folder (no link to one) named `step-N`, or
// `.incomplete-hadal-N` while it is written or removed, that carries the mark of step N. Files are removed by the names
// under which we write them; a folder in which somebody has left something else is left alone as a whole, even when its
// time has come. A temporary name that is taken is passed over for the next one. What is in the way of a step that the
// run will reach is found before training, by `requireFree`.
#ifndef HADAL_RUNTIME_IO_CHECKPOINTFOLDER_H
#define HADAL_RUNTIME_IO_CHECKPOINTFOLDER_H

#include "runtime/core/Session.h"
#include "runtime/io/Paths.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hadal {

/// What a run has to know, besides tensors, to go on as if it had never stopped.
struct TrainerState {
  int64_t step = 0;     // completed steps
  uint64_t samples = 0; // samples read since the beginning of training
  uint64_t seed = 0;
  bool shuffle = false;
  uint64_t dataTokens = 0; // of the training data, to notice another file
  std::string dataDigest;
  int64_t sequenceLength = 0;
  int64_t tokensAhead = 0;
  /// The options on which the curve depends, with their values, as a command line has them (programs/train/Settings.h).
  std::vector<std::pair<std::string, std::string>> settings;
};

/// A checkpoint that was complete once and is so no longer.
struct DamagedCheckpoint {
  int64_t step;
  std::string reason;
};

class CheckpointFolder {
public:
  /// Creates the folder (one in which nothing is saved is removed again), claims it for this process, and removes what
  /// interrupted saves have left.
  CheckpointFolder(const std::filesystem::path &path, unsigned keep);
  CheckpointFolder(const CheckpointFolder &) = delete;
  CheckpointFolder &operator=(const CheckpointFolder &) = delete;
  ~CheckpointFolder();

  const std::filesystem::path &path() const { return root; }
  std::filesystem::path folderOf(int64_t step) const;

  /// The steps of all complete checkpoints, in increasing order.
  std::vector<int64_t> completeSteps() const;
  std::optional<int64_t> newest() const;
  /// All damaged checkpoints, by increasing step.
  std::vector<DamagedCheckpoint> damaged() const;

  /// Fails when something that is not ours has the name of a checkpoint of the steps [first, last].
  void requireFree(int64_t first, int64_t last) const;

  /// Writes a checkpoint, then removes all but the newest `keep`. On failure the temporary folder is removed and every
  /// checkpoint that was complete before still is.
  void save(const Session &session, const TrainerState &state);

  TrainerState load(int64_t step, Session &session) const;

  /// Called with the name of each stage of `save` as it begins; tests end the process there.
  std::function<void(std::string_view stage)> onStage;

private:
  std::filesystem::path root;
  FolderToFill folder;
  unsigned keep;
  int lock = -1;

  std::vector<int64_t> steps() const;
  std::filesystem::path temporaryName(int64_t step, unsigned number) const;
  std::filesystem::path createTemporary(int64_t step) const;
  void setAside(int64_t step);
  void requireReplaceable(int64_t step, hadal_exit_code code) const;
  void writeAndPublish(const Session &session, const TrainerState &state);
  void publish(const std::filesystem::path &temporary, int64_t step);
  void removeUnfinished();
  void writeFiles(const std::filesystem::path &folder, const Session &session, const TrainerState &state);
  void removeOlder();
  void stage(std::string_view name) const;
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_CHECKPOINTFOLDER_H
