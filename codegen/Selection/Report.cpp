//===- Report.cpp - what was selected, for people and for files ---------------------------------------------------===//
//
// A selection as text, several lines per kernel, and as JSON. A kernel is named by a hash, since its name is for
// people.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/Select.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace hadal;

/// What of the target choices hang on: its kind, widths and sizes, and how fast it is.
static void describe(raw_ostream &stream, const TargetDescription &target) {
  stream << target.name();
  if (target.kind() == TargetKind::CPU)
    stream << " " << target.registerLanes << " " << target.vectorRegisters << " " << target.l2Bytes << " " << target.fma
           << (target.hasTiles() ? " tiles" : "");
  else
    stream << " " << target.multiprocessors << " " << int64_t(target.clock) << " " << int64_t(target.memoryBandwidth);
}

std::string hadal::hashKernel(KernelOp kernel, const TargetDescription &target) {
  OwningOpRef<KernelOp> bare(kernel.clone());
  bare->setSymName("kernel");
  bare->removeConfigurationAttr();
  bare->removeWorkspaceAttr();
  bare->removePartsAttr();
  std::string text;
  llvm::raw_string_ostream stream(text);
  describe(stream, target);
  stream << "\n";
  bare->getOperation()->print(stream, OpPrintingFlags().useLocalScope().enableDebugInfo(false).printGenericOpForm());
  return llvm::utohexstr(llvm::xxh3_64bits(text), /*LowerCase=*/true, /*Width=*/16);
}

/// FILE:LINE of the operation of the model that a kernel comes from, as far as it is known.
static std::string findPlace(Location location) {
  std::string place;
  location->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (!file)
      return WalkResult::advance();
    place = (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn())).str();
    return WalkResult::interrupt();
  });
  return place;
}

/// What a kernel has to do for sequences that are short, and as long as they may become.
static void printWorkByLength(raw_ostream &stream, KernelOp kernel) {
  constexpr int64_t shortLength = 64;
  for (auto op : kernel.getBody().getOps<LengthOpInterface>()) {
    int64_t most = op.getMostLength();
    if (most == 0)
      continue;
    stream << "  multiply-adds of sequences of ";
    for (int64_t length = std::min(shortLength, most);; length = std::min(4 * length, most)) {
      stream << length << " positions " << llvm::format("%.3g M", op.countMultiplyAdds(length) * 1e-6);
      if (length == most)
        break;
      stream << ", ";
    }
    stream << "\n";
  }
}

void hadal::print(raw_ostream &stream, KernelOp kernel, const Selection &selection) {
  stream << "@" << kernel.getSymName() << " (" << stringifyKernelKind(kernel.getKind()) << "): ";
  selection.configuration.print(stream);
  stream << "\n";
  if (!selection.source.empty())
    stream << "  from " << selection.source << "\n";
  if (selection.time) {
    stream << "  predicted ";
    selection.time->print(stream);
    stream << "\n";
  }
  printWorkByLength(stream, kernel);
  for (const Proposal &other : selection.others) {
    stream << "  " << (other.candidates.empty() ? "not " : "rather than ") << other.strategy->getName();
    if (other.candidates.empty()) {
      stream << ": " << other.reason << "\n";
      continue;
    }
    stream << " {";
    printChoice(stream, other.candidates.front().choice);
    stream << "}, predicted ";
    other.candidates.front().time.print(stream);
    stream << "\n";
  }
}

static void add(llvm::json::Object &object, const PredictedTime &time) {
  object["seconds"] = time.total;
  object["parts"] = llvm::json::Object{{"compute", time.compute}, {"memory", time.memory}, {"overhead", time.overhead}};
}

static void add(llvm::json::Object &object, StringRef strategy, ChoiceInterface choice) {
  // JSON keeps references to text that it does not own.
  object["strategy"] = strategy.str();
  if (!choice)
    return;
  object["form"] = choice.getForm().str();
  object["choice"] = toJSON(choice);
}

llvm::json::Object hadal::toJSON(KernelOp kernel, const Selection &selection, const TargetDescription &target) {
  llvm::json::Object object{{"name", kernel.getSymName().str()},
                            {"hash", hashKernel(kernel, target)},
                            {"kind", stringifyKernelKind(kernel.getKind()).str()}};
  if (std::string place = findPlace(kernel.getLoc()); !place.empty())
    object["place"] = place;
  add(object, selection.configuration.strategy, selection.configuration.choice);
  if (!selection.source.empty())
    object["source"] = selection.source;
  if (selection.time)
    add(object, *selection.time);
  llvm::json::Array others;
  for (const Proposal &other : selection.others) {
    llvm::json::Object entry;
    if (other.candidates.empty()) {
      entry["strategy"] = other.strategy->getName().str();
      entry["reason"] = other.reason;
    } else {
      add(entry, other.strategy->getName(), other.candidates.front().choice);
      add(entry, other.candidates.front().time);
    }
    others.push_back(std::move(entry));
  }
  if (!others.empty())
    object["others"] = std::move(others);
  return object;
}

llvm::json::Object hadal::makeDocument(llvm::json::Array kernels, const TargetDescription &target) {
  llvm::json::Object document{{"target", target.name().str()}, {"kernels", std::move(kernels)}};
  if (target.kind() == TargetKind::NVPTX)
    document["multiprocessors"] = target.multiprocessors;
  else
    document["cpu"] = target.cpu;
  return document;
}
