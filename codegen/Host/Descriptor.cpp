//===- Descriptor.cpp - hadal-build-host: the tables that the runtime reads ---------------------------------------===//
//
// The phase `host`: a module of LLVM's dialect that holds the kernels' functions and the constant `hadal_program` of
// runtime/include/hadal/program.h. A launch becomes one row per step of its kernel's strategy; the rows share the
// launch's arguments. Behind the launches come the copies of results whose values lie elsewhere. Buffers carry the
// commands during which they live, for --check-memory.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Descriptor.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "dialect/IR/Encoding.h"
#include "mlir/Pass/Pass.h"
#include "runtime/include/hadal/program.h"
#include "llvm/ADT/StringExtras.h"

namespace hadal {
#define GEN_PASS_DECL_BUILDHOST
#define GEN_PASS_DEF_BUILDHOST
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

int64_t getInteger(ModuleOp module, StringRef name, int64_t otherwise) {
  auto attribute = module->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getInt() : otherwise;
}

StringRef getString(ModuleOp module, StringRef name, StringRef otherwise) {
  auto attribute = module->getAttrOfType<StringAttr>(name);
  return attribute ? attribute.getValue() : otherwise;
}

} // namespace

/// How many tokens of every row of an entry point's windows are only targets: the function says it where entry points
/// differ, and the module otherwise.
static int64_t getTokensAhead(func::FuncOp entry) {
  auto readsTokens = [&](unsigned argument) {
    std::optional<ArgumentMeaning> meaning = getArgumentMeaning(entry, argument);
    return meaning && meaning->role == ArgumentRole::Input && meaning->name == tokensInputName;
  };
  if (llvm::none_of(llvm::seq(entry.getNumArguments()), readsTokens))
    return 0;
  for (Operation *op : {entry.getOperation(), entry->getParentOp()})
    if (auto attribute = op->getAttrOfType<IntegerAttr>(tokensAheadAttrName))
      return attribute.getInt();
  return 0;
}

FailureOr<rows::launch> EntryTables::writeStep(LaunchOp launch, KernelOp kernel, const StageSpec &stage,
                                               int64_t iteration, ArgumentRange arguments, TableWriter &writer) {
  std::string symbol = getStageSymbol(kernel, stage);
  // The code of a GPU is in the module of its own that was assembled.
  bool isOnHost = !stage.isGPU() || launch->getParentOfType<ModuleOp>()->hasAttr(emulateAttrName);
  if (isOnHost && !functions.contains(StringAttr::get(launch.getContext(), symbol)))
    return kernel.emitError("there is no function @")
           << symbol << " for a stage of the kernel '" << kernel.getSymName() << "': run hadal-lower-kernels first";
  Attribute function = FlatSymbolRefAttr::get(launch.getContext(), symbol), gpu = writer.null();
  if (stage.isGPU()) {
    FailureOr<StringAttr> written = gpuLaunches.write(launch, symbol, stage);
    if (failed(written))
      return failure();
    function = writer.null();
    gpu = *written;
  }
  return rows::launch{.function = function,
                      .name = writer.string(symbol),
                      .iteration = iteration,
                      .tasks = std::max<int64_t>(stage.tasks, 1),
                      .grain = std::max<int64_t>(stage.grain, 1),
                      .first_argument = arguments.first,
                      .argument_count = arguments.count,
                      .task_factor = 1,
                      .task_divisor = 1,
                      .number = HADAL_NONE,
                      .gpu = gpu};
}

/// Kernels take whole tensors of closed lengths, also those whose code was written by hand.
static LogicalResult requireWholeTensors(LaunchOp launch) {
  for (TypeRange types : {TypeRange(launch->getOperandTypes()), TypeRange(launch->getResultTypes())})
    for (Type type : types) {
      if (!getBounds(type).empty())
        return launch.emitOpError("passes ")
               << type << " to a kernel: a length that a number tells is not handed to kernels yet";
      if (getShard(type))
        return launch.emitOpError("passes ") << type << " to a kernel: a part of a tensor is not handed to kernels yet";
    }
  return success();
}

FailureOr<rows::entry> EntryTables::write(func::FuncOp entry, TableWriter &writer) {
  FailureOr<EntryPlan> plan = EntryPlan::read(entry);
  if (failed(plan) || failed(plan->verify()))
    return failure();
  std::vector<rows::launch> launches;
  std::vector<rows::argument> arguments;
  std::vector<rows::arena_buffer> buffers;
  auto addArgument = [&](const Storage &storage) {
    if (storage.buffer >= 0)
      arguments.push_back({.kind = HADAL_ARGUMENT_ARENA, .index = storage.buffer});
    else
      arguments.push_back({.kind = HADAL_ARGUMENT_TENSOR,
                           .index = storage.argument ? tensors.ofArgument(entry, storage.argument.getArgNumber())
                                                     : tensors.ofResult(entry, storage.result)});
  };
  SmallVector<int64_t> firstRow;
  for (auto [number, launch] : llvm::enumerate(plan->launches)) {
    if (failed(requireWholeTensors(launch)))
      return failure();
    KernelOp kernel = kernels.lookup(launch.getKernelAttr().getAttr());
    if (!kernel)
      return launch.emitOpError("names no kernel");
    FailureOr<KernelConfiguration> configuration = getConfiguration(kernel);
    if (failed(configuration) || failed(checkConfiguration(KernelAnatomy(kernel), *configuration, target)))
      return failure();
    if (launch.getWorkspace().value_or(0) != uint64_t(configuration->workspace))
      return launch.emitOpError("has a workspace of ")
             << launch.getWorkspace().value_or(0) << " bytes, and its kernel's configuration needs "
             << configuration->workspace << ": run hadal-select-strategies and hadal-plan-memory again";
    ArgumentRange range{.first = int64_t(arguments.size())};
    for (Value operand : launch.getArguments())
      addArgument(plan->storage[operand]);
    for (Value result : launch.getResults())
      addArgument(plan->storage[result]);
    if (int64_t workspace = plan->workspaces[number]; workspace >= 0)
      addArgument({.buffer = workspace, .argument = {}});
    range.count = arguments.size() - range.first;
    firstRow.push_back(launches.size());
    for (const LaunchStep &step : configuration->steps) {
      FailureOr<rows::launch> row =
          writeStep(launch, kernel, configuration->stages[step.stage], step.iteration, range, writer);
      if (failed(row))
        return failure();
      launches.push_back(*row);
    }
    scratchSize = std::max(scratchSize, configuration->scratch);
  }
  firstRow.push_back(launches.size());
  std::vector<rows::copy> copies;
  for (const PlannedCopy &copy : plan->copies) {
    int64_t source = arguments.size();
    addArgument(plan->storage[copy.value]);
    addArgument({.argument = {}, .result = copy.result});
    copies.push_back({.name = writer.string(tensors.getResultName(entry, copy.result)),
                      .source = source,
                      .target = source + 1,
                      .source_offset = 0,
                      .target_offset = 0,
                      .bytes = getByteSize(copy.value.getType())});
  }
  int64_t commandCount = launches.size() + copies.size();
  for (const PlannedBuffer &buffer : plan->buffers)
    buffers.push_back({.offset = buffer.offset,
                       .size = buffer.size,
                       .first_command = firstRow[buffer.first],
                       .last_command = buffer.isCopied ? commandCount - 1 : firstRow[buffer.last + 1] - 1});
  arenaSize = std::max(arenaSize, plan->arenaSize);

  std::vector<rows::command> commands;
  for (int64_t index = 0; index < int64_t(launches.size()); ++index)
    commands.push_back({.kind = HADAL_LAUNCH, .index = index});
  for (int64_t index = 0; index < int64_t(copies.size()); ++index)
    commands.push_back({.kind = HADAL_COPY, .index = index});
  SmallVector<int64_t> inputs = tensors.getInputs(entry), results = tensors.getResults(entry);
  std::string name = entry.getSymName().str();
  return rows::entry{.name = writer.string(name),
                     .kind = getLoadedParameter(entry) ? HADAL_ENTRY_LOAD : HADAL_ENTRY_CALLED,
                     .loaded = tensors.getLoaded(entry),
                     .tokens_ahead = getTokensAhead(entry),
                     .input_count = int64_t(inputs.size()),
                     .inputs = writer.integers(name + ".inputs", inputs),
                     .result_count = int64_t(results.size()),
                     .results = writer.integers(name + ".results", results),
                     .command_count = int64_t(commands.size()),
                     .commands = writer.table(name + ".commands", commands),
                     .launch_count = int64_t(launches.size()),
                     .launches = writer.table(name + ".launches", launches),
                     .copy_count = int64_t(copies.size()),
                     .copies = writer.table(name + ".copies", copies),
                     .fill_count = 0,
                     .fills = writer.null(),
                     .collective_count = 0,
                     .collectives = writer.null(),
                     .host_wait_count = 0,
                     .host_waits = writer.null(),
                     .argument_count = int64_t(arguments.size()),
                     .arguments = writer.table(name + ".arguments", arguments),
                     .arena_buffer_count = int64_t(buffers.size()),
                     .arena_buffers = writer.table(name + ".buffers", buffers)};
}

/// The instruction sets that the program asks for: AMX only where a kernel was made for it.
static SmallVector<StringRef> listFeatures(ModuleOp module, const TargetDescription &target) {
  SmallVector<StringRef> features(target.required.begin(), target.required.end());
  if (!module.lookupSymbol(tileRegistersSymbol))
    llvm::erase_if(features, [](StringRef feature) { return feature.starts_with("amx-"); });
  return features;
}

LogicalResult hadal::buildHost(ModuleOp module, const TargetDescription &target, bool checkMemory) {
  PersistentTensors tensors;
  if (failed(tensors.gather(module)))
    return failure();
  DenseMap<StringAttr, KernelOp> kernels;
  for (auto kernel : module.getOps<KernelOp>())
    kernels[kernel.getSymNameAttr()] = kernel;

  TableWriter writer(module);
  bool emulated = module->hasAttr(emulateAttrName);
  GPULaunches gpuLaunches(writer, emulated);
  EntryTables entries(tensors, kernels, gpuLaunches, target, module);
  std::vector<rows::entry> rows;
  for (auto entry : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    FailureOr<rows::entry> row = entries.write(entry, writer);
    if (failed(row))
      return failure();
    rows.push_back(*row);
  }
  if (rows.empty())
    return module.emitError("holds no entry point");
  Attribute tensorTable = tensors.write(writer);
  Attribute entryTable = writer.table("entries", rows);
  std::vector<rows::number> numbers = tensors.writeNumbers(writer);
  FailureOr<std::vector<rows::image>> images = embedImages(module, writer, target);
  if (failed(images))
    return failure();
  SmallVector<Attribute> unread;
  if (auto names = module->getAttrOfType<ArrayAttr>(unreadParametersAttrName))
    for (StringRef name : names.getAsValueRange<StringAttr>())
      unread.push_back(writer.string(name));
  StringRef configJson = getString(module, configAttrName, "");
  StringRef reason = getString(module, configReasonAttrName, configJson.empty() ? "the model was not exported" : "");
  rows::program program{
      .version = HADAL_PROGRAM_VERSION,
      .check_memory = checkMemory,
      .program = writer.string(getString(module, programAttrName, stringifyKnownProgram(KnownProgram::Train))),
      .model = writer.string(getString(module, modelAttrName, "model")),
      .precision = writer.string(getString(module, precisionAttrName, stringifyPrecision(Precision::F32))),
      .target = writer.string(target.name()),
      .cpu = writer.string(target.cpu),
      .cpu_features = writer.string(llvm::join(listFeatures(module, target), ",")),
      .config_json = writer.string(configJson),
      .config_json_reason = writer.string(reason),
      .stored_weights = writer.string(getString(module, storedWeightsAttrName, "")),
      .unread_parameter_count = int64_t(unread.size()),
      .unread_parameters = writer.pointers("unread_parameters", unread),
      .vocabulary = getInteger(module, vocabularyAttrName, 1),
      .arena_size = entries.getArenaSize(),
      .scratch_size = entries.getScratchSize(),
      .number_count = int64_t(numbers.size()),
      .numbers = writer.table("numbers", numbers),
      .tensor_count = tensors.size(),
      .tensors = tensorTable,
      .entry_count = int64_t(rows.size()),
      .entries = entryTable,
      .image_count = int64_t(images->size()),
      .images = writer.table("images", *images),
      .emulated = emulated};
  writer.structure("hadal_program", program, LLVM::Linkage::External);

  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<func::FuncOp, KernelOp, ParameterOp, StateOp>(op))
      op.erase();
  return success();
}

namespace {

struct BuildHost : hadal::impl::BuildHostBase<BuildHost> {
  using BuildHostBase::BuildHostBase;

  void runOnOperation() override {
    llvm::Expected<TargetDescription> target = TargetDescription::forTarget(targetName, cpu, gpu);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    if (failed(buildHost(getOperation(), *target, checkMemory)))
      signalPassFailure();
  }
};

} // namespace
