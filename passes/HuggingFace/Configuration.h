//===- Configuration.h - what a Hugging Face config.json says about a model ---------------------------------------===//
//
// The architecture of a model of the DeepSeek family as one plain structure, and the ways between it, config.json and
// the model in the dialect:
//
//   config.json --readConfiguration--> Configuration --writeModel--> model.mlir
//   hadal.model --describeModel--> Configuration --writeConfiguration--> config.json
//
// describeModel accepts exactly the models whose computation writeModel would write, so that going round is the
// identity and an exported config.json never describes another model than the one that was trained.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_HUGGINGFACE_CONFIGURATION_H
#define HADAL_PASSES_HUGGINGFACE_CONFIGURATION_H

#include "dialect/IR/Hadal.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>

namespace hadal::huggingface {

/// What config.json leaves open: the training losses, and where implementations differ.
struct ImportOptions {
  enum class BalanceLoss { Sequence, Variance, None };

  BalanceLoss balanceLoss = BalanceLoss::Sequence;
  ExcludedGroups excludedGroups = ExcludedGroups::NegativeInfinity;
  /// What feeds an MTP block; when absent, what the file says (`mtp_hidden_state`, which exports of such models have),
  /// or after the final norm.
  std::optional<MTPHiddenState> mtpHiddenState;
  /// The epsilon of the norms inside the attention, which is no field: the family's own code and transformers have 1e-6
  /// whatever rms_norm_eps says.
  double latentNormEps = 1.0e-6;
  /// The number of MTP blocks, in place of the file's: weights are often saved without them.
  std::optional<int64_t> mtpDepth;

  bool operator==(const ImportOptions &) const = default;
};

/// The mixture of experts, the same in all layers that have one.
struct MixtureOfExperts {
  int64_t experts = 0;
  int64_t width = 0;
  /// Shared experts are one dense block of this many times the width.
  int64_t shared = 0;
  int64_t topK = 0;
  int64_t groups = 1;
  int64_t topGroups = 1;
  bool normalize = false;
  double scale = 1.0;

  bool operator==(const MixtureOfExperts &) const = default;
};

struct YarnScaling {
  double factor = 1.0;
  int64_t originalLength = 0;
  double betaFast = 32.0;
  double betaSlow = 1.0;
  double mscale = 1.0;
  double mscaleAllDim = 0.0;
  /// What cos and sin are multiplied by; 0 where mscale and mscaleAllDim say it.
  double attentionFactor = 0.0;
  bool truncate = true;

  bool operator==(const YarnScaling &) const = default;
};

struct Configuration {
  /// The file's model_type, and the family whose configuration an export writes.
  std::string modelType;
  Family family = Family::DeepseekV3;
  int64_t vocabulary = 0;
  int64_t hidden = 0;
  int64_t layers = 0;
  /// The first so many layers have a dense feed-forward block.
  int64_t denseLayers = 0;
  /// Absent when no layer is dense.
  std::optional<int64_t> denseWidth;
  int64_t mtpDepth = 0;

  int64_t heads = 0;
  std::optional<int64_t> queryRank;
  int64_t latentRank = 0;
  int64_t nope = 0;
  int64_t rope = 0;
  int64_t value = 0;

  double theta = 10000.0;
  RopeLayout ropeLayout = RopeLayout::Interleaved;
  std::optional<YarnScaling> yarn;

  /// Absent when every layer is dense.
  std::optional<MixtureOfExperts> mixture;

  double normEps = 1.0e-6;
  double initializerStd = 0.02;
  /// The longest sequence the model is made for; only handed on.
  std::optional<int64_t> contextLength;
  /// `bos`, `eos` and `pad`, as the file has them: a number, a list or null; only handed on.
  llvm::json::Object tokenIds;
  /// How the published weights are encoded: quantization_config. Exports are f32 and have none.
  std::optional<llvm::json::Object> storedWeights;

  ImportOptions options;
  /// Where the file can be read in two ways, and which is taken.
  std::vector<std::string> warnings;

  bool isSoftmax() const { return family == Family::DeepseekV2; }
  bool hasMixtureLayers() const { return mixture && denseLayers < layers; }
  /// Whether the MTP blocks are mixtures, as the layer that follows the last one would be.
  bool hasMixtureMTP() const { return mixture && mtpDepth > 0 && denseLayers <= layers; }

  bool operator==(const Configuration &) const = default;
};

/// Reads the text of a config.json; `file` is its name in messages. The error names the field and what is expected.
llvm::Expected<Configuration> readConfiguration(llvm::StringRef text, llvm::StringRef file,
                                                const ImportOptions &options);

/// The model in the dialect, as text with aliases and comments. `name` is the model's symbol.
std::string writeModel(const Configuration &configuration, llvm::StringRef name);

/// The configuration of a model, or why Hugging Face's DeepSeek models cannot express it.
llvm::Expected<Configuration> describeModel(ModelOp model);

/// The text of config.json, which transformers loads.
std::string writeConfiguration(const Configuration &configuration);

} // namespace hadal::huggingface

namespace hadal {
/// The text of a config.json for a model in the dialect, or why there is none.
llvm::Expected<std::string> exportConfig(ModelOp model);
} // namespace hadal

#endif // HADAL_PASSES_HUGGINGFACE_CONFIGURATION_H
