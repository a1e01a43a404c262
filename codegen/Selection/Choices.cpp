//===- Choices.cpp - what strategies choose -----------------------------------------------------------------------===//
//
// The dialect `kernel`: verifiers, which know a choice and no kernel, and choices as JSON.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/Choices.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::choices;

#include "codegen/Selection/ChoiceInterfaces.cpp.inc"
#include "codegen/Selection/ChoicesDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "codegen/Selection/ChoiceAttributes.cpp.inc"

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "codegen/Selection/ChoiceAttributes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

namespace {
/// A field and the numbers that it may have.
struct FieldRange {
  StringRef name;
  int64_t value, least, most;
  int64_t multiple = 1;
};
} // namespace

static constexpr int64_t anyNumber = int64_t(1) << 40;

static LogicalResult check(EmitError emitError, ArrayRef<FieldRange> ranges) {
  for (const FieldRange &range : ranges) {
    if (range.value >= range.least && range.value <= range.most && range.value % range.multiple == 0)
      continue;
    InFlightDiagnostic diagnostic = emitError() << range.name << " is " << range.value << ", and has to be ";
    if (range.multiple > 1)
      diagnostic << "a multiple of " << range.multiple << " ";
    if (range.most == anyNumber)
      return diagnostic << "of at least " << range.least;
    return diagnostic << "from " << range.least << " to " << range.most;
  }
  return success();
}

LogicalResult ShareAttr::verify(EmitError emitError, int64_t items) {
  return check(emitError, {{"items", items, 1, anyNumber}});
}

LogicalResult ProductTilesAttr::verify(EmitError emitError, int64_t rows, int64_t vectors, int64_t rowBlock,
                                       int64_t columnBlock) {
  if (failed(check(emitError, {{"rows", rows, 1, 16}, {"vectors", vectors, 1, 8}})))
    return failure();
  return check(emitError, {{"row_block", rowBlock, rows, anyNumber, rows},
                           {"column_block", columnBlock, 16 * vectors, anyNumber, 16 * vectors}});
}

LogicalResult TileBlocksAttr::verify(EmitError emitError, int64_t rowBlock, int64_t columnBlock) {
  return check(emitError,
               {{"row_block", rowBlock, 32, anyNumber, 32}, {"column_block", columnBlock, 32, anyNumber, 32}});
}

LogicalResult AttentionTilesAttr::verify(EmitError emitError, int64_t rows, int64_t vectors) {
  return check(emitError, {{"rows", rows, 1, 16}, {"vectors", vectors, 1, 4}});
}

/// Every head has logits.
template <typename Tiles> static LogicalResult checkLogits(EmitError emitError, Tiles logits) {
  return logits ? success() : LogicalResult(emitError() << "the field 'logits' is missing");
}

LogicalResult HeadTilesAttr::verify(EmitError emitError, int64_t chunk, ProductTilesAttr logits, ProductTilesAttr,
                                    ProductTilesAttr) {
  return failed(checkLogits(emitError, logits)) ? failure() : check(emitError, {{"chunk", chunk, 1, anyNumber}});
}

LogicalResult TileHeadAttr::verify(EmitError emitError, int64_t chunk, TileBlocksAttr logits, TileBlocksAttr,
                                   TileBlocksAttr) {
  return failed(checkLogits(emitError, logits)) ? failure() : check(emitError, {{"chunk", chunk, 1, anyNumber}});
}

LogicalResult RowPlanAttr::verify(EmitError emitError, int64_t lanes, int64_t threadsPerRow, int64_t rowsPerBlock,
                                  int64_t unroll, bool) {
  return check(emitError, {{"lanes", lanes, 1, 8},
                           {"threads_per_row", threadsPerRow, 1, 1024},
                           {"rows_per_block", rowsPerBlock, 1, 1024},
                           {"unroll", unroll, 1, 8}});
}

LogicalResult ThreadTilesAttr::verify(EmitError emitError, int64_t rows, int64_t columns, int64_t depth,
                                      int64_t threadRows, int64_t threadColumns) {
  return check(emitError, {{"thread_rows", threadRows, 4, 8, 4},
                           {"thread_columns", threadColumns, 4, 8, 4},
                           {"rows", rows, 16, 256, 16},
                           {"columns", columns, 16, 256, 16},
                           {"depth", depth, 8, 32, 8}});
}

LogicalResult ThreadProductAttr::verify(EmitError emitError, ThreadTilesAttr tiles, bool) {
  return tiles ? success() : LogicalResult(emitError() << "the field 'tiles' is missing");
}

LogicalResult ThreadHeadAttr::verify(EmitError emitError, int64_t chunk, ThreadTilesAttr logits, ThreadTilesAttr,
                                     ThreadTilesAttr) {
  return failed(checkLogits(emitError, logits)) ? failure() : check(emitError, {{"chunk", chunk, 1, anyNumber}});
}

LogicalResult ThreadAttentionAttr::verify(EmitError emitError, int64_t owned, bool) {
  return check(emitError, {{"owned", owned, 16, 64, 16}});
}

LogicalResult ThreadLatentsAttr::verify(EmitError emitError, ThreadAttentionAttr tiles, int64_t parts) {
  if (!tiles)
    return emitError() << "the field 'tiles' is missing";
  return check(emitError, {{"parts", parts, 1, anyNumber}});
}

LogicalResult TensorTilesAttr::verify(EmitError emitError, int64_t rows, int64_t columns, int64_t stages,
                                      int64_t cluster, int64_t groupRows) {
  return check(emitError, {{"rows", rows, 64, 128, 64},
                           {"columns", columns, 64, 256, 64},
                           {"stages", stages, 2, 8},
                           {"cluster", cluster, 1, 2},
                           {"group_rows", groupRows, 1, anyNumber}});
}

LogicalResult TensorHeadAttr::verify(EmitError emitError, TensorTilesAttr logits, TensorTilesAttr, TensorTilesAttr) {
  return checkLogits(emitError, logits);
}

LogicalResult TensorAttentionAttr::verify(EmitError emitError, int64_t owned, int64_t stages) {
  return check(emitError, {{"owned", owned, 64, 128, 64}, {"stages", stages, 1, 8}});
}

LogicalResult TensorLatentsAttr::verify(EmitError emitError, int64_t stages, int64_t parts) {
  return check(emitError, {{"stages", stages, 2, 8}, {"parts", parts, 1, anyNumber}});
}

template <typename Blocks> static LogicalResult checkPasses(EmitError emitError, Blocks keys, Blocks queries) {
  return keys && queries ? success()
                         : LogicalResult(emitError() << "the field '" << (keys ? "queries" : "keys") << "' is missing");
}

LogicalResult ThreadAttentionGradientAttr::verify(EmitError emitError, ThreadAttentionAttr keys,
                                                  ThreadAttentionAttr queries) {
  return checkPasses(emitError, keys, queries);
}
LogicalResult TensorAttentionGradientAttr::verify(EmitError emitError, TensorAttentionAttr keys,
                                                  TensorAttentionAttr queries) {
  return checkPasses(emitError, keys, queries);
}

//===----------------------------------------------------------------------===//
// As JSON
//===----------------------------------------------------------------------===//

llvm::json::Object hadal::toJSON(ChoiceInterface choice) {
  llvm::json::Object object;
  choice.visitFields([&](StringRef name, FieldValue value) {
    if (auto *number = std::get_if<int64_t>(&value))
      object[name] = *number;
    else if (auto *truth = std::get_if<bool>(&value))
      object[name] = *truth;
    else if (auto within = dyn_cast_or_null<ChoiceInterface>(std::get<Attribute>(value)))
      object[name] = toJSON(within);
  });
  return object;
}

void FieldReader::complain(const Twine &what) {
  if (isGood)
    emitError() << what;
  isGood = false;
}

void FieldReader::read(StringRef name, int64_t &value) {
  names.push_back(name);
  if (std::optional<int64_t> found = object.getInteger(name))
    value = *found;
  else
    complain("the field '" + name + "' " + (object.get(name) ? "is no whole number" : "is missing"));
}

void FieldReader::read(StringRef name, bool &value) {
  names.push_back(name);
  if (std::optional<bool> found = object.getBoolean(name))
    value = *found;
  else
    complain("the field '" + name + "' " + (object.get(name) ? "is neither true nor false" : "is missing"));
}

const llvm::json::Object *FieldReader::readObject(StringRef name) {
  names.push_back(name);
  const llvm::json::Value *value = object.get(name);
  if (value && !value->getAsObject())
    complain("the field '" + name + "' is no object");
  return value ? value->getAsObject() : nullptr;
}

bool FieldReader::checkNames() {
  for (auto &field : object)
    if (!llvm::is_contained(names, StringRef(field.first)))
      complain("the field '" + StringRef(field.first) + "' is unknown; there are " + llvm::join(names, ", "));
  return isGood;
}

namespace {
/// The forms that there are.
template <typename... Choices> struct Forms {
  static ChoiceInterface make(MLIRContext *context, StringRef form, const llvm::json::Object &fields,
                              EmitError emitError) {
    ChoiceInterface result;
    bool isKnown = false;
    auto consider = [&]<typename Choice>() {
      if (Choice::getMnemonic() != form)
        return;
      isKnown = true;
      FieldReader reader(context, fields, emitError);
      result = Choice::fromFields(context, reader);
    };
    (consider.template operator()<Choices>(), ...);
    if (!isKnown)
      emitError() << "there is no form '" << form
                  << "' of choices; known: " << llvm::join(ArrayRef<StringRef>{Choices::getMnemonic()...}, ", ");
    return result;
  }
};
} // namespace

ChoiceInterface hadal::makeChoice(MLIRContext *context, StringRef form, const llvm::json::Object &fields,
                                  EmitError emitError) {
  context->getOrLoadDialect<KernelDialect>();
  return Forms<
#define GET_ATTRDEF_LIST
#include "codegen/Selection/ChoiceAttributes.cpp.inc"
      >::make(context, form, fields, emitError);
}
