//===- Configuration.cpp - the result of a strategy's selection ---------------------------------------------------===//
//
// A configuration as an attribute, read back, and printed. As an attribute it reads
//
//   {strategy = "...", parameters = {rows = 8}, stages = [{name = "rows", tasks = 32, grain = 1}], steps = array<i64:
//   0, 0>,
//    workspace = 0, scratch = 0}
//
// with two integers per step, the stage and the iteration.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Strategies/Strategy.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace hadal;

void KernelConfiguration::addStage(StringRef name, int64_t tasks, int64_t grain, bool withStep) {
  stages.push_back({name.str(), tasks, grain});
  if (withStep)
    steps.push_back({unsigned(stages.size() - 1), 0});
}

int64_t KernelConfiguration::get(StringRef name) const {
  for (auto &[key, value] : parameters)
    if (key == name)
      return value;
  llvm::report_fatal_error(llvm::Twine("the configuration of '") + strategy + "' has no parameter '" + name + "'");
}

DictionaryAttr KernelConfiguration::toAttribute(MLIRContext *context) const {
  Builder builder(context);
  // Parameters keep their order, which a dictionary would not: names and values side by side.
  SmallVector<StringRef> names;
  SmallVector<int64_t> values, flatSteps;
  for (auto &[name, value] : parameters) {
    names.push_back(name);
    values.push_back(value);
  }
  SmallVector<Attribute> stageAttrs;
  for (const StageSpec &stage : stages)
    stageAttrs.push_back(builder.getDictionaryAttr({
        builder.getNamedAttr("name", builder.getStringAttr(stage.name)),
        builder.getNamedAttr("tasks", builder.getI64IntegerAttr(stage.tasks)),
        builder.getNamedAttr("grain", builder.getI64IntegerAttr(stage.grain)),
    }));
  for (const LaunchStep &step : steps)
    flatSteps.append({int64_t(step.stage), step.iteration});
  return builder.getDictionaryAttr({
      builder.getNamedAttr("strategy", builder.getStringAttr(strategy)),
      builder.getNamedAttr("parameters", builder.getStrArrayAttr(names)),
      builder.getNamedAttr("values", builder.getDenseI64ArrayAttr(values)),
      builder.getNamedAttr("stages", builder.getArrayAttr(stageAttrs)),
      builder.getNamedAttr("steps", builder.getDenseI64ArrayAttr(flatSteps)),
      builder.getNamedAttr("workspace", builder.getI64IntegerAttr(workspace)),
      builder.getNamedAttr("scratch", builder.getI64IntegerAttr(scratch)),
  });
}

FailureOr<KernelConfiguration> KernelConfiguration::fromAttribute(DictionaryAttr attribute,
                                                                  function_ref<InFlightDiagnostic()> emitError) {
  auto bad = [&](StringRef what) -> FailureOr<KernelConfiguration> {
    emitError() << "cannot read the kernel's configuration (" << what << "): run hadal-select-strategies again";
    return failure();
  };
  KernelConfiguration result;
  auto strategy = attribute.getAs<StringAttr>("strategy");
  auto names = attribute.getAs<ArrayAttr>("parameters");
  auto values = attribute.getAs<DenseI64ArrayAttr>("values");
  auto stages = attribute.getAs<ArrayAttr>("stages");
  auto steps = attribute.getAs<DenseI64ArrayAttr>("steps");
  auto workspace = attribute.getAs<IntegerAttr>("workspace"), scratch = attribute.getAs<IntegerAttr>("scratch");
  if (!strategy || !names || !values || !stages || !steps || !workspace || !scratch)
    return bad("a part is missing");
  result.strategy = strategy.str();
  if (int64_t(names.size()) != values.size())
    return bad("parameters and values differ in number");
  for (auto [name, value] : llvm::zip(names, values.asArrayRef())) {
    auto text = dyn_cast<StringAttr>(name);
    if (!text)
      return bad("a parameter's name is not a string");
    result.set(text, value);
  }
  for (Attribute entry : stages) {
    auto stage = dyn_cast<DictionaryAttr>(entry);
    auto name = stage ? stage.getAs<StringAttr>("name") : StringAttr();
    auto tasks = stage ? stage.getAs<IntegerAttr>("tasks") : IntegerAttr();
    auto grain = stage ? stage.getAs<IntegerAttr>("grain") : IntegerAttr();
    if (!name || !tasks || !grain || tasks.getInt() < 1 || grain.getInt() < 1)
      return bad("a stage needs a name, tasks and a grain, both at least 1");
    result.addStage(name, tasks.getInt(), grain.getInt(), /*withStep=*/false);
  }
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
  return result;
}

/// A number of bytes in the largest unit that divides it.
static void printBytes(raw_ostream &stream, int64_t bytes) {
  if (bytes != 0 && bytes % (1 << 20) == 0)
    stream << (bytes >> 20) << " MiB";
  else if (bytes != 0 && bytes % (1 << 10) == 0)
    stream << (bytes >> 10) << " KiB";
  else
    stream << bytes << " B";
}

void KernelConfiguration::print(raw_ostream &stream) const {
  stream << strategy << " {";
  llvm::interleaveComma(parameters, stream, [&](auto &entry) { stream << entry.first << " = " << entry.second; });
  stream << "} stages [";
  llvm::interleaveComma(stages, stream, [&](const StageSpec &stage) {
    stream << stage.name << ": " << stage.tasks << " / " << stage.grain;
  });
  stream << "]";
  if (steps.size() != stages.size())
    stream << " steps " << steps.size();
  stream << " workspace ";
  printBytes(stream, workspace);
  stream << " scratch ";
  printBytes(stream, scratch);
}
