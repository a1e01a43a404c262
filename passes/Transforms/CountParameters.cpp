//===- CountParameters.cpp - counts the parameters of a model -----------------------------------------------------===//
//
// Works on the model level: every operation with parameters says which it reads, the layers say how often and under
// which scope. A parameter is counted once per absolute name, so that shared ones count once. Nothing is expanded: a
// model of a trillion parameters is counted in a moment.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "passes/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_COUNTPARAMETERSPASS
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {

/// A part of the model that is reported on a line of its own.
struct Part {
  std::string name;
  double parameters = 0;
};

/// Counts one model. Counts are doubles: exact up to 2^53, and far models print as rounded figures anyway.
class Counter {
public:
  explicit Counter(SymbolTableCollection &symbolTable) : symbolTable(symbolTable) {}

  /// What the operation reads, its layer functions included.
  Part count(Operation *op) {
    Part part;
    if (auto layers = dyn_cast<LayersOp>(op)) {
      part.name = rangeName(layers.getPrefix(), layers.getStart(), layers.getEnd());
      countLayers(layers, layers.getPrefix(), layers.getStart(), layers.getEnd(), layers.getFunctions(), part);
    } else if (auto mtp = dyn_cast<MTPOp>(op)) {
      part.name = rangeName(mtp.getPrefix(), mtp.getStart(), mtp.getEnd()) + " (multi-token prediction)";
      countLayers(mtp, mtp.getPrefix(), mtp.getStart(), mtp.getEnd(), mtp.getFunctions(), part);
      countMerges(mtp, part);
    } else if (auto reader = dyn_cast<ParametersOpInterface>(op)) {
      part.name = getParameterName(reader, 0);
      countSlots(reader, "", part);
    }
    return part;
  }

private:
  static std::string rangeName(StringRef prefix, int64_t start, int64_t end) {
    std::string name = prefix.str() + "." + std::to_string(start);
    return end - start == 1 ? name : name + " to " + std::to_string(end - 1);
  }

  void add(const Twine &name, ArrayRef<int64_t> shape, Part &part) {
    if (!seen.insert(name.str()).second)
      return;
    double count = 1;
    for (int64_t length : shape)
      count *= double(length);
    part.parameters += count;
  }

  void countSlots(ParametersOpInterface op, const Twine &scope, Part &part) {
    for (const ParameterSlot &slot : op.getParameterSlots())
      add(scope + slot.name, slot.type.getShape(), part);
  }

  void countLayers(Operation *op, StringRef prefix, int64_t start, int64_t end, ArrayAttr functions, Part &part) {
    SmallVector<ParametersOpInterface> readers;
    for (Attribute symbol : functions)
      symbolTable.lookupNearestSymbolFrom(op, cast<SymbolRefAttr>(symbol))->walk([&](ParametersOpInterface reader) {
        readers.push_back(reader);
      });
    for (int64_t layer = start; layer < end; ++layer)
      for (ParametersOpInterface reader : readers)
        countSlots(reader, prefix + "." + Twine(layer) + ".", part);
  }

  /// What hadal.mtp reads beside its functions: the merge and the norm before the head, per depth.
  void countMerges(MTPOp mtp, Part &part) {
    int64_t width = channels(mtp.getHidden().getType());
    for (int64_t layer = mtp.getStart(); layer < int64_t(mtp.getEnd()); ++layer) {
      std::string scope = (mtp.getPrefix() + "." + Twine(layer) + ".").str();
      add(scope + "enorm.weight", {width}, part);
      add(scope + "hnorm.weight", {width}, part);
      add(scope + "eh_proj.weight", {width, 2 * width}, part);
      add(scope + "shared_head.norm.weight", {width}, part);
    }
  }

  SymbolTableCollection &symbolTable;
  llvm::StringSet<> seen;
};

/// 671026522112 as "671.03B".
std::string figure(double count) {
  static constexpr std::pair<double, const char *> units[] = {{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}};
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (auto [size, letter] : units)
    if (count >= size) {
      stream << llvm::format(size == 1e12 ? "%.3f" : "%.2f", count / size) << letter;
      return text;
    }
  stream << llvm::format("%.0f", count);
  return text;
}

struct CountParametersPass : hadal::impl::CountParametersPassBase<CountParametersPass> {
  using CountParametersPassBase::CountParametersPassBase;

  void runOnOperation() override {
    SymbolTableCollection symbolTable;
    for (ModelOp model : getOperation().getOps<ModelOp>())
      report(model, symbolTable);
    markAllAnalysesPreserved();
  }

  void report(ModelOp model, SymbolTableCollection &symbolTable) {
    Counter counter(symbolTable);
    SmallVector<Part> parts;
    double main = 0, prediction = 0;
    for (Operation &op : model.getBody().front()) {
      Part part = counter.count(&op);
      if (part.parameters == 0)
        continue;
      (isa<MTPOp>(op) ? prediction : main) += part.parameters;
      parts.push_back(std::move(part));
    }
    raw_ostream &out = llvm::outs();
    out << "@" << model.getSymName() << ": " << figure(main) << " parameters";
    if (prediction > 0)
      out << ", and " << figure(prediction) << " for multi-token prediction";
    out << '\n';
    for (const Part &part : parts)
      out << llvm::format("  %9s  ", figure(part.parameters).c_str()) << part.name << '\n';
  }
};

} // namespace
