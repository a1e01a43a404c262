// The mark by which a run knows the folders that runs have made for checkpoints: a small text file, the first that is
// written into such a folder and the last that is removed from it. Its contents name the step, so that a folder that
// somebody has copied or renamed is no longer taken for the one that was made.
#ifndef HADAL_RUNTIME_IO_CHECKPOINTMARK_H
#define HADAL_RUNTIME_IO_CHECKPOINTMARK_H

#include <cstdint>
#include <filesystem>
#include <optional>

namespace hadal {

constexpr const char *checkpointMarkFile = "hadal-checkpoint.txt";

/// Marks a folder that was just made for the checkpoint of a step.
void writeCheckpointMark(const std::filesystem::path &folder, int64_t step);

/// The step for which a run made the folder; nothing for every other folder and for what is no folder.
std::optional<int64_t> readCheckpointMark(const std::filesystem::path &folder);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_CHECKPOINTMARK_H
