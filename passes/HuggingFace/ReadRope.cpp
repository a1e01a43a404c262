//===- ReadRope.cpp - the rotary embedding's fields of config.json ----------------------------------------------===//
//
// Older files have `rope_theta` and `rope_scaling`, newer ones of transformers `rope_parameters` with both in it. The
// family's own code reads the first, transformers reads both, and the two disagree about YaRN where `mscale` or
// `mscale_all_dim` is zero or stands alone. `rope_scaling` of a DeepSeek model means what the family's own code makes
// of it, with a warning where transformers makes something else of it; `rope_parameters`, and all of GLM, what
// transformers does. `attention_factor` settles it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/ReadRope.h"
#include <cmath>

using namespace hadal;
using namespace hadal::huggingface;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

/// YaRN's magnitude m(x).
static double magnitude(const YarnScaling &yarn, double x) {
  return yarn.factor <= 1.0 ? 1.0 : 0.1 * x * std::log(yarn.factor) + 1.0;
}

double hadal::huggingface::ownAttentionFactor(const YarnScaling &yarn) {
  return magnitude(yarn, yarn.mscale) / magnitude(yarn, yarn.mscaleAllDim);
}

double hadal::huggingface::transformersAttentionFactor(const YarnScaling &yarn, bool hasBoth) {
  bool both = hasBoth && yarn.mscale != 0.0 && yarn.mscaleAllDim != 0.0;
  return both ? ownAttentionFactor(yarn) : magnitude(yarn, 1.0);
}

/// Equal but for rounding.
static bool same(double a, double b) { return std::abs(a - b) <= 1.0e-12 * std::abs(b); }

/// The most that YarnAttr takes for the factor and the magnitudes.
static constexpr double mostYarnReal = 1.0e6;

namespace {

class RopeReader {
public:
  RopeReader(Configuration &config, Fields &fields, std::string &error)
      : config(config), fields(fields), error(error), theirs(config.family == Family::Glm4MoeLite) {}

  void read() {
    readLayout();
    const json::Value *outer = fields.raw("rope_theta");
    hasTheta = outer && outer->kind() != json::Value::Null;
    config.theta = fields.real("rope_theta", 10000.0);
    const json::Object *scaling = fields.nested("rope_scaling");
    StringRef name = "rope_scaling";
    if (const json::Object *parameters = fields.nested("rope_parameters")) {
      if (scaling && *scaling != *parameters)
        fields.fail("rope_parameters", "expected either this field or rope_scaling, not both");
      scaling = parameters;
      name = "rope_parameters";
      theirs = true;
    }
    if (scaling)
      readScaling(Fields(*scaling, (name + ".").str(), error));
    if (!(config.theta > 1.0))
      fields.fail("rope_theta", "expected a base greater than 1, got " + realText(config.theta));
  }

private:
  void readLayout() {
    bool interleaved = fields.boolean("rope_interleave");
    if (config.isSoftmax() && !interleaved)
      fields.fail("rope_interleave", "expected true: models of type deepseek_v2 rotate neighbouring channels");
    config.ropeLayout = interleaved ? RopeLayout::Interleaved : RopeLayout::Half;
  }

  void readScaling(Fields scaling) {
    double theta = scaling.real("rope_theta", config.theta);
    if (hasTheta && theta != config.theta)
      scaling.fail("rope_theta",
                   "expected the outer rope_theta, " + realText(config.theta) + ", got " + realText(theta));
    config.theta = theta;
    scaling.expect("partial_rotary_factor", "1.0", "all of qk_rope_head_dim rotates");
    std::string type = readType(scaling);
    if (type == "default")
      scaling.ignore({"factor", "original_max_position_embeddings"});
    else if (type == "yarn")
      readYarn(scaling);
    else
      return scaling.fail(scaling.has("rope_type") ? "rope_type" : "type",
                          "expected \"yarn\" or \"default\", got \"" + type + "\"");
    scaling.rejectOthers();
  }

  std::string readType(Fields &scaling) {
    if (!scaling.has("rope_type") && !scaling.has("type") && scaling.has("factor"))
      scaling.fail("rope_type", "is missing, but factor is there; expected \"yarn\" or \"default\"");
    std::string type = scaling.string("type", "default"), ropeType = scaling.string("rope_type", type);
    if (scaling.has("type") && type != ropeType)
      scaling.fail("rope_type", "expected what type says, \"" + type + "\", got \"" + ropeType + "\"");
    return ropeType;
  }

  void readYarn(Fields &scaling) {
    YarnScaling yarn;
    yarn.factor = scaling.real("factor", {}, /*allowZero=*/false, mostYarnReal);
    yarn.originalLength = scaling.integer("original_max_position_embeddings", 1);
    yarn.betaFast = scaling.real("beta_fast", 32.0);
    yarn.betaSlow = scaling.real("beta_slow", 1.0);
    yarn.truncate = !scaling.isGiven("truncate") || scaling.boolean("truncate");
    if (yarn.factor < 1.0)
      scaling.fail("factor", "expected at least 1, got " + realText(yarn.factor));
    if (yarn.betaFast < yarn.betaSlow)
      scaling.fail("beta_fast",
                   "expected at least beta_slow, " + realText(yarn.betaSlow) + ", got " + realText(yarn.betaFast));
    readMagnitudes(yarn, scaling);
    config.yarn = yarn;
  }

  /// The factor is recorded only where mscale and mscale_all_dim do not say it.
  void readMagnitudes(YarnScaling &yarn, Fields &scaling) {
    yarn.mscale = scaling.real("mscale", 1.0, /*allowZero=*/true, mostYarnReal);
    yarn.mscaleAllDim = scaling.real("mscale_all_dim", 0.0, /*allowZero=*/true, mostYarnReal);
    double own = ownAttentionFactor(yarn);
    if (!std::isfinite(own) || own == 0.0)
      return scaling.fail("mscale", "expected a number of ordinary size, got " + realText(yarn.mscale));
    double other = transformersAttentionFactor(yarn, scaling.has("mscale") && scaling.has("mscale_all_dim"));
    double factor = theirs ? other : own;
    if (scaling.has("attention_factor"))
      factor = scaling.real("attention_factor", {}, /*allowZero=*/false, mostYarnReal);
    if (!scaling.has("attention_factor") && !theirs && !same(own, other))
      config.warnings.push_back("rope_scaling multiplies cos and sin by " + realText(own) +
                                " as the family's own code " +
                                "does; transformers, where mscale or mscale_all_dim is zero or missing, by " +
                                realText(other) + ": give attention_factor to settle it");
    if (!same(factor, own))
      yarn.attentionFactor = factor;
  }

  Configuration &config;
  Fields &fields;
  std::string &error;
  /// Whether the fields mean what transformers makes of them.
  bool theirs;
  bool hasTheta = false;
};

} // namespace

void hadal::huggingface::readRope(Configuration &config, Fields &fields, std::string &error) {
  RopeReader(config, fields, error).read();
}
