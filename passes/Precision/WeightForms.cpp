//===- WeightForms.cpp - in which form a program keeps the weights of its products --------------------------------===//
//
// See the header. What the model was published with stands in its attribute `stored_weights`, as in config.json's
// quantization_config.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Precision/WeightForms.h"
#include "dialect/IR/WeightCodes.h"

using namespace mlir;
using namespace hadal;

/// Whether the weights were published as E4M3 with the blocks that programs keep them in.
static bool isPublishedInFP8(ModelOp model) {
  DictionaryAttr stored = model.getStoredWeightsAttr();
  auto method = stored ? stored.getAs<StringAttr>("quant_method") : StringAttr();
  auto block = stored ? stored.getAs<ArrayAttr>("weight_block_size") : ArrayAttr();
  auto type = stored ? stored.getAs<StringAttr>("fmt") : StringAttr();
  CodeForm form = getCodeForm(CodeFormat::FP8);
  auto isSide = [&](unsigned side, int64_t length) {
    auto number = dyn_cast<IntegerAttr>(block[side]);
    return number && number.getInt() == length;
  };
  return method && method.getValue() == "fp8" && (!type || type.getValue() == "e4m3") && block && block.size() == 2 &&
         isSide(0, form.columns) && isSide(1, form.depth);
}

FailureOr<WeightForm> hadal::decideWeightForm(ModelOp model, StringRef option, StringRef precision) {
  std::optional<WeightForm> form = symbolizeWeightForm(option);
  if (!form)
    return model.emitError("unknown form of weights '") << option << "'; known forms: as-is, bf16, fp8, int8, int4";
  if (*form == WeightForm::AsIs)
    return isPublishedInFP8(model) ? WeightForm::FP8 : WeightForm::AsIs;
  if (*form != WeightForm::BF16)
    return *form;
  // The factors of products have one type.
  if (precision != stringifyPrecision(Precision::BF16))
    return model.emitError("has weights of bf16 where products are formed in bf16: give --precision=bf16 as well, or "
                           "leave out --weights");
  return WeightForm::AsIs;
}
