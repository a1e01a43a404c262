// Every encoding stores beside a matrix what it takes to decode it, under a name of its own: this is how one is known
// where the dtype (I8, U8, I32) could be anything.
#include "runtime/io/EncodedWeights.h"

#include "runtime/core/Error.h"

#include <algorithm>

namespace hadal {

namespace {

struct Companion {
  std::string_view suffix, encoding;
};

constexpr Companion companions[] = {
    {".weight_scale_inv", "FP8 with block scales"},
    {".weight_packed", "packed integers (compressed-tensors)"},
    {".weight_shape", "packed integers (compressed-tensors)"},
    {".weight_zero_point", "integers with scales (compressed-tensors)"},
    {".weight_global_scale", "FP4 with scales (compressed-tensors)"},
    {".weight_scale_2", "FP4 with scales (ModelOpt)"},
    {".weight_scale", "numbers of few bits with scales"},
    {".input_scale", "numbers of few bits with scales"},
    {".qweight", "packed integers (GPTQ or AWQ)"},
    {".qzeros", "packed integers (GPTQ or AWQ)"},
    {".g_idx", "packed integers (GPTQ)"},
    {".scales", "packed integers with scales (GPTQ, AWQ or MLX)"},
    {".SCB", "integers of 8 bits (bitsandbytes)"},
    {".weight_format", "integers of 8 bits (bitsandbytes)"},
    {".absmax", "packed numbers of few bits (bitsandbytes)"},
    {".quant_map", "packed numbers of few bits (bitsandbytes)"},
    {"_blocks", "FP4 with scales (MXFP4)"},
    {".gate_up_proj_scales", "FP4 with scales (MXFP4)"},
};

bool isPlain(std::string_view dtype) { return dtype == "F32" || dtype == "BF16" || dtype == "F16"; }

/// The encoding that a tensor's name shows, or "" for an ordinary one.
std::string_view findByName(std::string_view name) {
  if (name.find(".quant_state.") != std::string_view::npos)
    return "packed numbers of few bits (bitsandbytes)";
  const auto *found = std::ranges::find_if(companions, [&](const Companion &c) { return name.ends_with(c.suffix); });
  return found != std::end(companions) ? found->encoding : "";
}

std::string_view findByType(std::string_view dtype, bool encodedModel) {
  if (dtype.starts_with("F8"))
    return "FP8";
  if (dtype.starts_with("F4") || dtype.starts_with("F6_"))
    return "numbers of few bits";
  return encodedModel && !isPlain(dtype) ? "numbers of few bits" : "";
}

} // namespace

void refuseEncoded(const std::filesystem::path &file, std::string_view name, std::string_view dtype,
                   const Program &program) {
  std::string_view said = program->stored_weights;
  std::string_view seen = findByType(dtype, !said.empty());
  if (seen.empty() && !program.findTensor(HADAL_PARAMETER, name))
    seen = findByName(name);
  if (seen.empty())
    return;
  fail(HADAL_EXIT_INPUT, file.string(), ": tensor '", name, "' (", dtype, ") belongs to weights stored as ",
       said.empty() ? seen : said, said.empty() ? "" : " (quantization_config of the model)",
       ", for which there is no loader; decode them to BF16, F16 or F32 first, and load that folder",
       seen.starts_with("FP8") ? " (DeepSeek publishes fp8_cast_bf16.py for this)" : "");
}

} // namespace hadal
