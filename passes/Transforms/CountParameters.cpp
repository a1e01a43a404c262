//===- CountParameters.cpp - counts the parameters of a model -----------------------------------------------------===//
//
// Works on the model level: every operation with parameters says which it reads, the layers say how often and under
// which scope. A parameter is counted once per absolute name, so that shared ones count once. Nothing is expanded: a
// model of a trillion parameters is counted in a moment.
//
//===--------------------------------------------------------------------------------------------------------------===//
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
    if (auto stack = dyn_cast<StackOpInterface>(op)) {
      part.name = rangeName(stack) + (stack.isAuxiliary() ? " (multi-token prediction)" : "");
      countLayers(stack, part);
    } else if (auto reader = dyn_cast<ParametersOpInterface>(op)) {
      part.name = getParameterName(reader, 0);
      countSlots(reader.getParameterSlots(), "", part);
    }
    return part;
  }

private:
  static std::string rangeName(StackOpInterface stack) {
    uint64_t start = stack.getStart(), end = stack.getEnd();
    std::string name = (stack.getPrefix() + "." + Twine(start)).str();
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

  void countSlots(ArrayRef<ParameterSlot> slots, const Twine &scope, Part &part) {
    for (const ParameterSlot &slot : slots)
      add(scope + slot.name, slot.type.getShape(), part);
  }

  void countLayers(StackOpInterface stack, Part &part) {
    SmallVector<ParametersOpInterface> readers;
    for (Attribute symbol : stack.getFunctions())
      symbolTable.lookupNearestSymbolFrom(stack, cast<SymbolRefAttr>(symbol))->walk([&](ParametersOpInterface reader) {
        readers.push_back(reader);
      });
    for (uint64_t layer = stack.getStart(); layer < stack.getEnd(); ++layer) {
      std::string scope = (stack.getPrefix() + "." + Twine(layer) + ".").str();
      for (ParametersOpInterface reader : readers)
        countSlots(reader.getParameterSlots(), scope, part);
      countSlots(stack.getLayerSlots(), scope, part);
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
      auto stack = dyn_cast<StackOpInterface>(op);
      (stack && stack.isAuxiliary() ? prediction : main) += part.parameters;
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
