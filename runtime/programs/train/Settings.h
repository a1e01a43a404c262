// The options on which the curve of a training depends, as they are kept in a checkpoint: a run that goes on with
// others says so.
#ifndef HADAL_RUNTIME_PROGRAMS_TRAIN_SETTINGS_H
#define HADAL_RUNTIME_PROGRAMS_TRAIN_SETTINGS_H

#include "runtime/core/Session.h"
#include "runtime/programs/train/Options.h"

#include <string>
#include <utility>
#include <vector>

namespace hadal {

/// Names of options and their values, as a command line has them.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// The settings of a run, without those of losses that its model does not have.
Settings settingsOf(const TrainOptions &options, const Session &session);

/// What a run that goes on after `step` does otherwise than one with the saved settings would, in one line; "" when it
/// does the same. Settings that make no difference any more do not count: more steps at a constant learning rate,
/// another warm-up that has passed.
std::string describeChanges(const Settings &saved, const Settings &now, int64_t step);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TRAIN_SETTINGS_H
