//===- Configuration.cpp - the result of a strategy's selection ---------------------------------------------------===//
//
// A configuration as an attribute, read back, and printed. As an attribute it reads
//
//   {strategy = "...", choice = #kernel.share<items = 8>,
//    stages = [{name = "rows", tasks = 32, grain = 1}], steps = array<i64: 0, 0>, workspace = 0, scratch = 0}
//
// without `choice` where there is none, and with two integers per step, the stage and the iteration. A stage of a GPU
// says besides
//
//   {..., threads = 384, shared_memory = 196608, cluster = 1,
//    maps = [{argument = 0, offset = 0, element = bf16, sizes = array<i64: 64, 128>, strides = array<i64: 128>,
//             box = array<i64: 64, 64>, swizzle = "b128"}]}
//
// and the configuration for a GPU of another number of multiprocessors than the target's has `multiprocessors`.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/Strategy.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace hadal;

void KernelConfiguration::addStage(StringRef name, int64_t tasks, int64_t grain, bool withStep) {
  StageSpec stage;
  stage.name = name.str();
  stage.tasks = tasks;
  stage.grain = grain;
  stages.push_back(std::move(stage));
  if (withStep)
    steps.push_back({unsigned(stages.size() - 1), 0});
}

StageSpec &KernelConfiguration::addGPUStage(StringRef name, int64_t blocks, int64_t threads, int64_t sharedMemory,
                                            bool withStep) {
  addStage(name, blocks, /*grain=*/1, withStep);
  stages.back().threads = threads;
  stages.back().sharedMemory = sharedMemory;
  return stages.back();
}

//===----------------------------------------------------------------------===//
// As an attribute
//===----------------------------------------------------------------------===//

static Attribute mapToAttribute(Builder &builder, const TensorMapSpec &map) {
  return builder.getDictionaryAttr({
      builder.getNamedAttr("argument", builder.getI64IntegerAttr(map.argument)),
      builder.getNamedAttr("offset", builder.getI64IntegerAttr(map.offset)),
      builder.getNamedAttr("element", TypeAttr::get(map.element)),
      builder.getNamedAttr("sizes", builder.getDenseI64ArrayAttr(map.sizes)),
      builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr(map.strides)),
      builder.getNamedAttr("box", builder.getDenseI64ArrayAttr(map.box)),
      builder.getNamedAttr("swizzle", builder.getStringAttr(ptx::stringifySwizzle(map.swizzle))),
  });
}

static Attribute stageToAttribute(Builder &builder, const StageSpec &stage) {
  SmallVector<NamedAttribute> fields = {builder.getNamedAttr("name", builder.getStringAttr(stage.name)),
                                        builder.getNamedAttr("tasks", builder.getI64IntegerAttr(stage.tasks)),
                                        builder.getNamedAttr("grain", builder.getI64IntegerAttr(stage.grain))};
  if (stage.isGPU()) {
    SmallVector<Attribute> maps =
        llvm::map_to_vector(stage.maps, [&](const TensorMapSpec &map) { return mapToAttribute(builder, map); });
    fields.push_back(builder.getNamedAttr("threads", builder.getI64IntegerAttr(stage.threads)));
    fields.push_back(builder.getNamedAttr("shared_memory", builder.getI64IntegerAttr(stage.sharedMemory)));
    fields.push_back(builder.getNamedAttr("cluster", builder.getI64IntegerAttr(stage.cluster)));
    fields.push_back(builder.getNamedAttr("maps", builder.getArrayAttr(maps)));
  }
  return builder.getDictionaryAttr(fields);
}

DictionaryAttr KernelConfiguration::toAttribute(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<int64_t> flatSteps;
  SmallVector<Attribute> stageAttrs;
  for (const StageSpec &stage : stages)
    stageAttrs.push_back(stageToAttribute(builder, stage));
  for (const LaunchStep &step : steps)
    flatSteps.append({int64_t(step.stage), step.iteration});
  SmallVector<NamedAttribute> fields = {
      builder.getNamedAttr("strategy", builder.getStringAttr(strategy)),
      builder.getNamedAttr("stages", builder.getArrayAttr(stageAttrs)),
      builder.getNamedAttr("steps", builder.getDenseI64ArrayAttr(flatSteps)),
      builder.getNamedAttr("workspace", builder.getI64IntegerAttr(workspace)),
      builder.getNamedAttr("scratch", builder.getI64IntegerAttr(scratch)),
  };
  if (choice)
    fields.push_back(builder.getNamedAttr("choice", choice));
  if (multiprocessors > 0)
    fields.push_back(builder.getNamedAttr("multiprocessors", builder.getI64IntegerAttr(multiprocessors)));
  return builder.getDictionaryAttr(fields);
}

//===----------------------------------------------------------------------===//
// And back
//===----------------------------------------------------------------------===//

using Complain = function_ref<LogicalResult(StringRef what)>;

static LogicalResult readMap(Attribute attribute, TensorMapSpec &map, Complain bad) {
  auto fields = dyn_cast<DictionaryAttr>(attribute);
  auto argument = fields ? fields.getAs<IntegerAttr>("argument") : IntegerAttr();
  auto offset = fields ? fields.getAs<IntegerAttr>("offset") : IntegerAttr();
  auto element = fields ? fields.getAs<TypeAttr>("element") : TypeAttr();
  auto sizes = fields ? fields.getAs<DenseI64ArrayAttr>("sizes") : DenseI64ArrayAttr();
  auto strides = fields ? fields.getAs<DenseI64ArrayAttr>("strides") : DenseI64ArrayAttr();
  auto box = fields ? fields.getAs<DenseI64ArrayAttr>("box") : DenseI64ArrayAttr();
  auto swizzleName = fields ? fields.getAs<StringAttr>("swizzle") : StringAttr();
  if (!argument || !offset || !element || !sizes || !strides || !box || !swizzleName)
    return bad("a part of a tensor map is missing");
  std::optional<ptx::Swizzle> swizzle = ptx::symbolizeSwizzle(swizzleName);
  if (argument.getInt() < 0 || offset.getInt() < 0 || sizes.empty() || sizes.size() > 5 ||
      strides.size() + 1 != sizes.size() || box.size() != sizes.size() || !swizzle)
    return bad("a tensor map needs 1 to 5 sizes, as many numbers in its box, a stride less, and a known swizzle");
  map.argument = argument.getInt();
  map.offset = offset.getInt();
  map.element = element.getValue();
  map.sizes.assign(sizes.asArrayRef().begin(), sizes.asArrayRef().end());
  map.strides.assign(strides.asArrayRef().begin(), strides.asArrayRef().end());
  map.box.assign(box.asArrayRef().begin(), box.asArrayRef().end());
  map.swizzle = *swizzle;
  return success();
}

static LogicalResult readStage(Attribute attribute, StageSpec &stage, Complain bad) {
  auto fields = dyn_cast<DictionaryAttr>(attribute);
  auto name = fields ? fields.getAs<StringAttr>("name") : StringAttr();
  auto tasks = fields ? fields.getAs<IntegerAttr>("tasks") : IntegerAttr();
  auto grain = fields ? fields.getAs<IntegerAttr>("grain") : IntegerAttr();
  if (!name || !tasks || !grain || tasks.getInt() < 1 || grain.getInt() < 1)
    return bad("a stage needs a name, tasks and a grain, both at least 1");
  stage.name = name.str();
  stage.tasks = tasks.getInt();
  stage.grain = grain.getInt();
  auto threads = fields.getAs<IntegerAttr>("threads");
  if (!threads)
    return success();
  auto sharedMemory = fields.getAs<IntegerAttr>("shared_memory"), cluster = fields.getAs<IntegerAttr>("cluster");
  auto maps = fields.getAs<ArrayAttr>("maps");
  if (!sharedMemory || !cluster || !maps || threads.getInt() < 1 || sharedMemory.getInt() < 0 || cluster.getInt() < 1 ||
      stage.tasks % cluster.getInt() != 0)
    return bad("a stage of a GPU needs threads, shared memory, a cluster that divides its blocks, and tensor maps");
  stage.threads = threads.getInt();
  stage.sharedMemory = sharedMemory.getInt();
  stage.cluster = cluster.getInt();
  for (Attribute map : maps)
    if (failed(readMap(map, stage.maps.emplace_back(), bad)))
      return failure();
  return success();
}

FailureOr<KernelConfiguration> KernelConfiguration::fromAttribute(DictionaryAttr attribute,
                                                                  function_ref<InFlightDiagnostic()> emitError) {
  auto bad = [&](StringRef what) -> LogicalResult {
    return emitError() << "cannot read the kernel's configuration (" << what << "): run hadal-select-strategies again";
  };
  KernelConfiguration result;
  auto strategy = attribute.getAs<StringAttr>("strategy");
  auto stages = attribute.getAs<ArrayAttr>("stages");
  auto steps = attribute.getAs<DenseI64ArrayAttr>("steps");
  auto workspace = attribute.getAs<IntegerAttr>("workspace"), scratch = attribute.getAs<IntegerAttr>("scratch");
  if (!strategy || !stages || !steps || !workspace || !scratch)
    return bad("a part is missing");
  result.strategy = strategy.str();
  if (Attribute choice = attribute.get("choice")) {
    result.choice = dyn_cast<ChoiceInterface>(choice);
    if (!result.choice)
      return bad("its choice is none of the dialect `kernel`");
  }
  for (Attribute stage : stages)
    if (failed(readStage(stage, result.stages.emplace_back(), bad)))
      return failure();
  if (steps.size() % 2 != 0)
    return bad("steps are pairs of stage and iteration");
  for (int64_t i = 0; i < steps.size(); i += 2) {
    if (steps[i] < 0 || steps[i] >= int64_t(result.stages.size()))
      return bad("a step names a stage that does not exist");
    result.steps.push_back({unsigned(steps[i]), steps[i + 1]});
  }
  result.workspace = workspace.getInt();
  result.scratch = scratch.getInt();
  if (result.workspace < 0 || result.scratch < 0)
    return bad("a size is negative");
  if (auto multiprocessors = attribute.getAs<IntegerAttr>("multiprocessors"))
    result.multiprocessors = multiprocessors.getInt();
  return result;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

namespace {
/// Names one number after the other, of which the first that differs is kept.
class Difference {
public:
  std::string text;
  void compare(const Twine &name, int64_t found, int64_t expected) {
    if (text.empty() && found != expected)
      text = (name + " is " + Twine(found) + " instead of " + Twine(expected)).str();
  }
  void compare(const Twine &name, StringRef found, StringRef expected) {
    if (text.empty() && found != expected)
      text = (name + " is '" + found + "' instead of '" + expected + "'").str();
  }
  void compare(const Twine &name, ArrayRef<int64_t> found, ArrayRef<int64_t> expected) {
    compare("the number of " + name, found.size(), expected.size());
    for (auto [index, values] : llvm::enumerate(llvm::zip(found, expected)))
      compare(name + " " + Twine(index), std::get<0>(values), std::get<1>(values));
  }
};
} // namespace

static void compareStages(Difference &difference, const StageSpec &found, const StageSpec &expected) {
  std::string of = " of the stage '" + expected.name + "'";
  difference.compare("the name" + of, found.name, expected.name);
  difference.compare("tasks" + of, found.tasks, expected.tasks);
  difference.compare("grain" + of, found.grain, expected.grain);
  difference.compare("threads" + of, found.threads, expected.threads);
  difference.compare("shared_memory" + of, found.sharedMemory, expected.sharedMemory);
  difference.compare("cluster" + of, found.cluster, expected.cluster);
  difference.compare("the number of maps" + of, found.maps.size(), expected.maps.size());
  for (auto [map, other] : llvm::zip(found.maps, expected.maps)) {
    difference.compare("argument of a map" + of, map.argument, other.argument);
    difference.compare("offset of a map" + of, map.offset, other.offset);
    difference.compare("sizes of a map" + of, map.sizes, other.sizes);
    difference.compare("strides of a map" + of, map.strides, other.strides);
    difference.compare("box of a map" + of, map.box, other.box);
    difference.compare("swizzle of a map" + of, ptx::stringifySwizzle(map.swizzle),
                       ptx::stringifySwizzle(other.swizzle));
    if (difference.text.empty() && map.element != other.element)
      difference.text = "a map" + of + " has another type of elements";
  }
}

std::string KernelConfiguration::findDifference(const KernelConfiguration &other) const {
  Difference difference;
  difference.compare("the strategy", strategy, other.strategy);
  difference.compare("the number of stages", stages.size(), other.stages.size());
  for (auto [stage, expected] : llvm::zip(stages, other.stages))
    compareStages(difference, stage, expected);
  difference.compare("the number of steps", steps.size(), other.steps.size());
  for (auto [step, expected] : llvm::zip(steps, other.steps)) {
    difference.compare("the stage of a step", step.stage, expected.stage);
    difference.compare("the iteration of a step", step.iteration, expected.iteration);
  }
  difference.compare("multiprocessors", multiprocessors, other.multiprocessors);
  difference.compare("workspace", workspace, other.workspace);
  difference.compare("scratch", scratch, other.scratch);
  return difference.text;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

/// A number of bytes in the largest unit that divides it.
static void printBytes(raw_ostream &stream, int64_t bytes) {
  if (bytes != 0 && bytes % (1 << 20) == 0)
    stream << (bytes >> 20) << " MiB";
  else if (bytes != 0 && bytes % (1 << 10) == 0)
    stream << (bytes >> 10) << " KiB";
  else
    stream << bytes << " B";
}

static void printStage(raw_ostream &stream, const StageSpec &stage) {
  stream << stage.name << ": " << stage.tasks;
  if (!stage.isGPU()) {
    stream << " / " << stage.grain;
    return;
  }
  stream << " × " << stage.threads << " threads, ";
  printBytes(stream, stage.sharedMemory);
  stream << " shared";
  if (stage.cluster > 1)
    stream << ", clusters of " << stage.cluster;
  if (!stage.maps.empty())
    stream << ", " << stage.maps.size() << " tensor maps";
}

void hadal::printChoice(raw_ostream &stream, ChoiceInterface choice) {
  if (!choice)
    return;
  bool first = true;
  choice.visitFields([&](StringRef name, FieldValue value) {
    auto *within = std::get_if<Attribute>(&value);
    if (within && !*within)
      return;
    stream << (first ? "" : ", ") << name << " = ";
    first = false;
    if (within) {
      stream << "{";
      printChoice(stream, cast<ChoiceInterface>(*within));
      stream << "}";
    } else if (auto *truth = std::get_if<bool>(&value)) {
      stream << (*truth ? "true" : "false");
    } else {
      stream << std::get<int64_t>(value);
    }
  });
}

void KernelConfiguration::print(raw_ostream &stream) const {
  stream << strategy << " {";
  printChoice(stream, choice);
  stream << "} stages [";
  llvm::interleaveComma(stages, stream, [&](const StageSpec &stage) { printStage(stream, stage); });
  stream << "]";
  if (steps.size() != stages.size())
    stream << " steps " << steps.size();
  stream << " workspace ";
  printBytes(stream, workspace);
  stream << " scratch ";
  printBytes(stream, scratch);
}
