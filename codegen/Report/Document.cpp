//===- Document.cpp - a report as data ----------------------------------------------------------------------------===//
//
// See the header. Times that were predicted for the team that selection reckons with are told for the team that ran:
// what is not overhead takes longer by as much as there are fewer threads.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/Document.h"
#include "codegen/Anatomy/AttentionShape.h"
#include "codegen/Report/Flow.h"
#include "codegen/Report/MemoryCurve.h"
#include "codegen/Report/Places.h"
#include "dialect/IR/Encoding.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;
using llvm::json::Array;
using llvm::json::Object;

namespace {

template <typename Printable> std::string print(const Printable &value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

/// What a kernel runs over, in the words of its kind.
std::string describeShape(const KernelFacts &facts) {
  const KernelAnatomy &anatomy = *facts.anatomy;
  if (const Contraction *product = anatomy.contraction()) {
    std::string shape = llvm::formatv("{0} × {1} × {2}", product->rows, product->columns, product->depth);
    if (product->batches > 1)
      shape += llvm::formatv(", {0} {1}", product->batches,
                             product->grouping == ContractionGrouping::None   ? "batches"
                             : product->grouping == ContractionGrouping::Rows ? "groups of rows"
                                                                              : "groups of the depth");
    return shape;
  }
  if (AttentionOpInterface attention = anatomy.attention()) {
    AttentionShape shape = AttentionShape::of(attention);
    return llvm::formatv("{0} × {1} heads × {2} queries × {3} keys, {4} + {5} channels", shape.batch, shape.heads,
                         shape.sequence, shape.keys, shape.query(), shape.value);
  }
  if (const Head *head = anatomy.head())
    return llvm::formatv("{0} tokens × {1} × {2} words", head->tokens, head->channels, head->vocabulary);
  KernelOp kernel = facts.kernel;
  Type type = kernel.getArgumentTypes().empty() ? kernel.getResultTypes().front() : kernel.getArgumentTypes().front();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return "";
  int64_t columns = tensor.getRank() > 0 ? tensor.getShape().back() : 1;
  return llvm::formatv("{0} × {1}", columns ? tensor.getNumElements() / columns : 0, columns);
}

/// The type as it reads without its layout, and the layout in words of its own.
void addType(Object &object, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  object["type"] = print(tensor ? Type(withoutEncoding(tensor)) : type);
  if (LayoutAttr layout = tensor ? getLayout(tensor) : LayoutAttr())
    object["layout"] = print(Attribute(layout));
}

Array describeEnds(const FlowEnds &ends) {
  Array list;
  for (const auto &[end, launches] : ends) {
    Object entry{{"launches", launches}};
    if (end.kernel >= 0) {
      entry["kernel"] = end.kernel;
      entry["number"] = end.number;
    } else {
      entry["role"] = end.role;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

/// Tokens of a window behind the last one that the model reads.
int64_t getTokensAhead(func::FuncOp entry) {
  for (Operation *op : {entry.getOperation(), entry->getParentOp()})
    if (auto attribute = op->getAttrOfType<IntegerAttr>(tokensAheadAttrName))
      return attribute.getInt();
  return 0;
}

/// Bytes that a launch would move if each operation of the body were a kernel of its own.
int64_t countUnfusedBytes(KernelOp kernel) {
  int64_t bytes = 0;
  for (Operation &op : kernel.getBody().front().without_terminator())
    for (TypeRange types : {TypeRange(op.getOperandTypes()), TypeRange(op.getResultTypes())})
      for (Type type : types)
        bytes += getByteSize(type);
  return bytes;
}

/// A kernel that takes no longer than its bound over this is near its bound.
constexpr double nearBoundShare = 0.6;

/// What was measured takes the place of the table's figures. Products of bf16 keep their relation to those of f32.
Roofs findRoofs(const TargetDescription &target, const MeasuredRun *run) {
  Roofs roofs = Roofs::of(target, run ? run->threads : modelledCores);
  if (!run || !run->rates)
    return roofs;
  roofs.memoryBandwidth = run->rates->memoryBytes;
  roofs.cacheBandwidth = run->rates->cacheBytes;
  roofs.bf16Products *= run->rates->multiplyAdds / roofs.products;
  roofs.products = run->rates->multiplyAdds;
  return roofs;
}

class DocumentBuilder {
public:
  DocumentBuilder(const ProgramFacts &program, const MeasuredRun *run)
      : program(program), run(run), target(*program.target), roofs(findRoofs(target, run)) {}

  Object build() {
    Object document{{"target", describeTarget()},   {"persistent", describePersistent()},
                    {"kernels", describeKernels()}, {"entries", describeEntries()},
                    {"groups", describeGroups()},   {"layers", describeLayers()}};
    addNames(document);
    // Last, when all places are known.
    document["places"] = places.list();
    document["files"] = places.listFiles();
    document["step"] = describeStep();
    if (run)
      document["run"] = Object{{"name", llvm::json::fixUTF8(run->name)}, {"threads", run->threads}};
    return document;
  }

private:
  void addNames(Object &document) const {
    for (auto [key, attribute] : {std::pair("hadalc", versionAttrName),
                                  {"model", modelAttrName},
                                  {"program", programAttrName},
                                  {"precision", precisionAttrName}})
      if (auto text = program.module->getAttrOfType<StringAttr>(attribute))
        document[key] = text.str();
    for (const EntryFacts &entry : program.entries)
      for (BlockArgument argument : func::FuncOp(entry.plan.entry).getArguments()) {
        std::optional<ArgumentMeaning> meaning = getArgumentMeaning(entry.plan.entry, argument.getArgNumber());
        auto type = dyn_cast<RankedTensorType>(argument.getType());
        if (entry.isInStep && meaning && meaning->name == tokensInputName && type && type.getRank() == 2)
          document["batch"] = Array{type.getDimSize(0), type.getDimSize(1) - getTokensAhead(entry.plan.entry)};
      }
  }

  Object describeTarget() const {
    Object object{{"name", target.name().str()},
                  {"cpu", target.cpu},
                  {"workers", roofs.workers},
                  {"modelledWorkers", target.kind() == TargetKind::CPU ? modelledCores : target.multiprocessors},
                  {"memoryBandwidth", roofs.memoryBandwidth},
                  {"cacheBandwidth", roofs.cacheBandwidth},
                  {"cacheBytes", roofs.cacheBytes},
                  {"products", roofs.products},
                  {"bf16Products", roofs.bf16Products},
                  {"launchSeconds", target.launchSeconds()},
                  {"isMeasured", run && run->rates}};
    if (auto board = program.module->getAttrOfType<StringAttr>(boardAttrName))
      object["board"] = board.str();
    return object;
  }

  Object describePersistent() const {
    Object object;
    for (auto [role, bytes] : PersistentMemory::count(program.module).bytes)
      object[stringifyArgumentRole(role)] = bytes;
    return object;
  }

  /// Of one launch, by the team that the report is about.
  double predict(const KernelFacts &facts) const {
    if (!facts.selection.time)
      return 0;
    const PredictedTime &time = *facts.selection.time;
    double share = target.kind() == TargetKind::CPU ? double(modelledCores) / double(roofs.workers) : 1.0;
    return time.overhead + (time.total - time.overhead) * share;
  }

  Array describeKernels() {
    std::vector<KernelFlow> flows = readFlow(program);
    Array list;
    for (auto [facts, flow] : llvm::zip_equal(program.kernels, flows))
      list.push_back(describeKernel(facts, flow));
    return list;
  }

  Object describeKernel(const KernelFacts &facts, const KernelFlow &flow) {
    Object object = toJSON(facts.kernel, facts.selection, target);
    Bound bound = Bound::of(facts.work, roofs);
    object["shape"] = describeShape(facts);
    object["predicted"] = predict(facts);
    object["multiplyAdds"] = facts.work.multiplyAdds;
    object["operations"] = facts.work.operations();
    object["bf16"] = facts.work.isBF16;
    object["bytes"] = facts.work.bytes();
    object["unfusedBytes"] = countUnfusedBytes(facts.kernel);
    object["bound"] = Object{{"memory", bound.memory},
                             {"cache", bound.cache},
                             {"products", bound.products},
                             {"seconds", bound.seconds()},
                             {"limit", bound.limit().str()}};
    std::string configuration;
    llvm::raw_string_ostream stream(configuration);
    facts.selection.configuration.print(stream);
    object["configuration"] = configuration;
    object["operands"] = describeOperands(facts, flow);
    object["results"] = describeResults(facts, flow);
    object["body"] = describeBody(facts);
    return object;
  }

  static Array describeOperands(const KernelFacts &facts, const KernelFlow &flow) {
    KernelOp kernel = facts.kernel;
    KernelParts parts = KernelParts::derive(kernel);
    Array list;
    for (auto [number, type] : llvm::enumerate(kernel.getArgumentTypes())) {
      Object object{{"bytes", facts.work.read[number]},
                    {"access", stringifyAccess(parts.accesses[number])},
                    {"from", describeEnds(flow.operands[number])}};
      addType(object, type);
      list.push_back(std::move(object));
    }
    return list;
  }

  static Array describeResults(const KernelFacts &facts, const KernelFlow &flow) {
    KernelOp kernel = facts.kernel;
    Array list;
    for (auto [number, type] : llvm::enumerate(kernel.getResultTypes())) {
      Object object{{"bytes", facts.work.written[number]}, {"to", describeEnds(flow.results[number])}};
      if (flow.tied[number] >= 0)
        object["tied"] = flow.tied[number];
      addType(object, type);
      list.push_back(std::move(object));
    }
    return list;
  }

  /// The operations of the body with their parts and their lines in the model.
  Array describeBody(const KernelFacts &facts) {
    KernelOp kernel = facts.kernel;
    KernelParts parts = KernelParts::derive(kernel);
    Array list;
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      StringRef part = &op == parts.anchor                       ? "anchor"
                       : llvm::is_contained(parts.prologue, &op) ? "prologue"
                                                                 : "epilogue";
      Object object{{"operation", op.getName().getStringRef().str()}, {"part", part.str()}};
      if (Origin origin = Origin::of(op.getLoc()); !origin.chain.empty())
        object["place"] = places.number(origin.chain.front());
      list.push_back(std::move(object));
    }
    return list;
  }

  int64_t countRuns(size_t entry) const { return run ? run->entries[entry].runs : program.entries[entry].isInStep; }

  Array describeEntries() const {
    Array list;
    for (auto [number, entry] : llvm::enumerate(program.entries)) {
      Object object{{"name", entry.name().str()},          {"isInStep", entry.isInStep},
                    {"runs", countRuns(number)},           {"launches", int64_t(entry.launches.size())},
                    {"commands", int64_t(entry.commands)}, {"memory", describeMemory(entry, program)}};
      if (run)
        object["measured"] = Object{{"seconds", run->entries[number].seconds}, {"others", run->entries[number].others}};
      list.push_back(std::move(object));
    }
    return list;
  }

  /// Launches of the same kernel from the same lines in the same entry point.
  Array describeGroups() {
    struct Group {
      int64_t launches = 0;
      double measured = 0;
    };
    llvm::MapVector<std::pair<size_t, size_t>, std::map<std::vector<Place>, Group>> groups;
    for (auto [number, entry] : llvm::enumerate(program.entries))
      for (auto [index, launch] : llvm::enumerate(entry.launches)) {
        Group &group = groups[{number, launch.kernel}][launch.origin.chain];
        ++group.launches;
        if (run)
          group.measured += run->entries[number].launches[index];
      }
    Array list;
    for (auto &[key, chains] : groups)
      for (auto &[chain, group] : chains) {
        Object object{{"entry", int64_t(key.first)}, {"kernel", int64_t(key.second)}, {"launches", group.launches}};
        Array lines;
        for (const Place &place : chain)
          lines.push_back(places.number(place));
        object["chain"] = std::move(lines);
        if (run)
          object["measured"] = group.measured;
        list.push_back(std::move(object));
      }
    return list;
  }

  /// Seconds of a whole step: as predicted, and its floor, the sum of all bounds; as measured, pauses and copies
  /// included. And which share of the kernels' time (measured, or else predicted) is spent in those that are near their
  /// bounds.
  Object describeStep() const {
    struct Seconds {
      double predicted = 0, bound = 0, measured = 0;
    };
    Seconds step;
    std::vector<Seconds> ofKernels(program.kernels.size());
    for (auto [number, entry] : llvm::enumerate(program.entries)) {
      double runs = double(countRuns(number));
      for (auto [index, launch] : llvm::enumerate(entry.launches)) {
        Seconds &kernel = ofKernels[launch.kernel];
        kernel.predicted += runs * predict(program.kernels[launch.kernel]);
        kernel.bound += runs * Bound::of(program.kernels[launch.kernel].work, roofs).seconds();
        kernel.measured += run ? run->entries[number].launches[index] : 0;
      }
      step.measured += run ? run->entries[number].seconds : 0;
    }
    double all = 0, nearBound = 0;
    for (const Seconds &kernel : ofKernels) {
      double seconds = run ? kernel.measured : kernel.predicted;
      all += seconds;
      nearBound += kernel.bound >= nearBoundShare * seconds ? seconds : 0;
      step.predicted += kernel.predicted;
      step.bound += kernel.bound;
    }
    Object object{{"predicted", step.predicted}, {"bound", step.bound}, {"nearBound", all > 0 ? nearBound / all : 0}};
    if (run)
      object["measured"] = step.measured;
    return object;
  }

  /// Seconds of a step by layer, for all runs of its entry points.
  Array describeLayers() const {
    struct Seconds {
      double predicted = 0, bound = 0, measured = 0;
    };
    std::map<std::string, Seconds> layers;
    for (auto [number, entry] : llvm::enumerate(program.entries)) {
      double runs = double(countRuns(number));
      for (auto [index, launch] : llvm::enumerate(entry.launches)) {
        if (launch.origin.layer.empty())
          continue;
        const KernelFacts &kernel = program.kernels[launch.kernel];
        Seconds &seconds = layers[launch.origin.layer];
        seconds.predicted += runs * predict(kernel);
        seconds.bound += runs * Bound::of(kernel.work, roofs).seconds();
        if (run)
          seconds.measured += run->entries[number].launches[index];
      }
    }
    SmallVector<std::pair<StringRef, Seconds>> sorted;
    for (const auto &[name, seconds] : layers)
      sorted.push_back({name, seconds});
    llvm::sort(sorted, [](const auto &a, const auto &b) {
      int order = a.first.compare_numeric(b.first);
      return order != 0 ? order < 0 : a.first < b.first;
    });
    Array list;
    for (const auto &[name, seconds] : sorted) {
      Object object{{"name", name.str()}, {"predicted", seconds.predicted}, {"bound", seconds.bound}};
      if (run)
        object["measured"] = seconds.measured;
      list.push_back(std::move(object));
    }
    return list;
  }

  const ProgramFacts &program;
  const MeasuredRun *run;
  const TargetDescription &target;
  Roofs roofs;
  Places places;
};

} // namespace

Object hadal::describeProgram(const ProgramFacts &program, const MeasuredRun *run) {
  return DocumentBuilder(program, run).build();
}
