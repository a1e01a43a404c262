//===- Descriptor.cpp - hadal-build-host: the tables that the runtime reads --------------------------------------===//
//
// The phase `host`: a module of LLVM's dialect that holds the kernels' functions and the constant `hadal_program` of
// runtime/include/hadal/program.h. A launch becomes one row per step of its kernel's strategy; the rows share the
// launch's arguments. Buffers carry the rows during which they live, for --check-memory.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Descriptor.h"
#include "mlir/Pass/Pass.h"
#include "runtime/include/hadal/program.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Where a row of hadal_launch says which arguments are its own.
constexpr unsigned firstArgumentField = 5, argumentCountField = 6;

/// A structure of fields spelled one character each: p pointer, i i32, l i64, f f32, d the dimensions of a tensor, m
/// those of a tensor map.
LLVM::LLVMStructType getStruct(MLIRContext *context, StringRef fields) {
  Builder builder(context);
  SmallVector<Type> types;
  for (char field : fields) {
    if (field == 'p')
      types.push_back(LLVM::LLVMPointerType::get(context));
    else if (field == 'i')
      types.push_back(builder.getI32Type());
    else if (field == 'l')
      types.push_back(builder.getI64Type());
    else if (field == 'f')
      types.push_back(builder.getF32Type());
    else
      types.push_back(
          LLVM::LLVMArrayType::get(builder.getI64Type(), field == 'm' ? HADAL_TENSOR_MAP_RANK : HADAL_MAX_RANK));
  }
  return LLVM::LLVMStructType::getLiteral(context, types);
}

int64_t getInteger(ModuleOp module, StringRef name, int64_t otherwise) {
  auto attribute = module->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getInt() : otherwise;
}

StringRef getString(ModuleOp module, StringRef name, StringRef otherwise) {
  auto attribute = module->getAttrOfType<StringAttr>(name);
  return attribute ? attribute.getValue() : otherwise;
}

} // namespace

LLVM::LLVMStructType layout::tensor(MLIRContext *context) { return getStruct(context, "piiiidfiiip"); }
LLVM::LLVMStructType layout::arenaBuffer(MLIRContext *context) { return getStruct(context, "llii"); }
LLVM::LLVMStructType layout::argument(MLIRContext *context) { return getStruct(context, "ii"); }
LLVM::LLVMStructType layout::tensorMap(MLIRContext *context) { return getStruct(context, "iiiilmmm"); }
LLVM::LLVMStructType layout::gpuLaunch(MLIRContext *context) { return getStruct(context, "pppliiiip"); }
LLVM::LLVMStructType layout::launch(MLIRContext *context) { return getStruct(context, "ppllliip"); }
LLVM::LLVMStructType layout::entry(MLIRContext *context) { return getStruct(context, "pppplll"); }
LLVM::LLVMStructType layout::program(MLIRContext *context) { return getStruct(context, "iipppppppplllllllplpplpll"); }

FailureOr<TableRow> EntryTables::writeStep(LaunchOp launch, KernelOp kernel, const StageSpec &stage, int64_t iteration,
                                           TableWriter &writer) {
  std::string symbol = getStageSymbol(kernel, stage);
  // The code of a GPU is in the module of its own that was assembled.
  bool isOnHost = !stage.isGPU() || launch->getParentOfType<ModuleOp>()->hasAttr(emulateAttrName);
  if (isOnHost && !functions.contains(StringAttr::get(launch.getContext(), symbol)))
    return kernel.emitError("there is no function @")
           << symbol << " for a stage of the kernel '" << kernel.getSymName() << "': run hadal-lower-kernels first";
  Attribute null = LLVM::ZeroAttr::get(launch.getContext());
  Attribute function = FlatSymbolRefAttr::get(launch.getContext(), symbol), gpu = null;
  if (stage.isGPU()) {
    FailureOr<StringAttr> written = gpuLaunches.write(launch, symbol, stage);
    if (failed(written))
      return failure();
    function = null;
    gpu = *written;
  }
  return TableRow{function,
                  writer.string(symbol),
                  writer.i64(iteration),
                  writer.i64(std::max<int64_t>(stage.tasks, 1)),
                  writer.i64(std::max<int64_t>(stage.grain, 1)),
                  writer.i32(0),
                  writer.i32(0),
                  gpu};
}

FailureOr<TableRow> EntryTables::write(func::FuncOp entry, TableWriter &writer) {
  FailureOr<EntryPlan> plan = EntryPlan::read(entry);
  if (failed(plan) || failed(plan->verify()))
    return failure();
  std::vector<TableRow> launches, arguments, buffers;
  auto addArgument = [&](const Storage &storage) {
    if (storage.buffer >= 0)
      arguments.push_back({writer.i32(HADAL_ARGUMENT_ARENA), writer.i32(storage.buffer)});
    else
      arguments.push_back({writer.i32(HADAL_ARGUMENT_TENSOR),
                           writer.i32(storage.argument ? tensors.ofArgument(entry, storage.argument.getArgNumber())
                                                       : tensors.ofResult(entry, storage.result))});
  };
  SmallVector<int64_t> firstRow;
  for (auto [number, launch] : llvm::enumerate(plan->launches)) {
    KernelOp kernel = kernels.lookup(launch.getKernelAttr().getAttr());
    if (!kernel)
      return launch.emitOpError("names no kernel");
    FailureOr<KernelConfiguration> configuration = getConfiguration(kernel);
    if (failed(configuration) || failed(checkConfiguration(kernel, *configuration, target)))
      return failure();
    if (launch.getWorkspace().value_or(0) != uint64_t(configuration->workspace))
      return launch.emitOpError("has a workspace of ")
             << launch.getWorkspace().value_or(0) << " bytes, and its kernel's configuration needs "
             << configuration->workspace << ": run hadal-select-strategies and hadal-plan-memory again";
    int64_t firstArgument = arguments.size();
    for (Value operand : launch.getArguments())
      addArgument(plan->storage[operand]);
    for (Value result : launch.getResults())
      addArgument(plan->storage[result]);
    if (int64_t workspace = plan->workspaces[number]; workspace >= 0)
      addArgument({.buffer = workspace, .argument = {}});
    firstRow.push_back(launches.size());
    for (const LaunchStep &step : configuration->steps) {
      FailureOr<TableRow> row = writeStep(launch, kernel, configuration->stages[step.stage], step.iteration, writer);
      if (failed(row))
        return failure();
      (*row)[firstArgumentField] = writer.i32(firstArgument);
      (*row)[argumentCountField] = writer.i32(arguments.size() - firstArgument);
      launches.push_back(*row);
    }
    scratchSize = std::max(scratchSize, configuration->scratch);
  }
  firstRow.push_back(launches.size());
  for (const PlannedBuffer &buffer : plan->buffers)
    buffers.push_back({writer.i64(buffer.offset), writer.i64(buffer.size), writer.i32(firstRow[buffer.first]),
                       writer.i32(firstRow[buffer.last + 1] - 1)});
  arenaSize = std::max(arenaSize, plan->arenaSize);

  MLIRContext *context = entry.getContext();
  std::string name = entry.getSymName().str();
  return TableRow{writer.string(name),
                  writer.table(name + ".launches", layout::launch(context), launches),
                  writer.table(name + ".arguments", layout::argument(context), arguments),
                  writer.table(name + ".buffers", layout::arenaBuffer(context), buffers),
                  writer.i64(launches.size()),
                  writer.i64(arguments.size()),
                  writer.i64(buffers.size())};
}

LogicalResult hadal::buildHost(ModuleOp module, const TargetDescription &target, bool checkMemory) {
  MLIRContext *context = module.getContext();
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
  std::vector<TableRow> rows;
  for (auto entry : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    FailureOr<TableRow> row = entries.write(entry, writer);
    if (failed(row))
      return failure();
    rows.push_back(*row);
  }
  if (rows.empty())
    return module.emitError("holds no entry point");
  Attribute tensorTable = tensors.write(writer);
  Attribute entryTable = writer.table("entries", layout::entry(context), rows);
  FailureOr<EmbeddedKernels> embedded = embedKernels(module, writer, target);
  if (failed(embedded))
    return failure();
  StringRef configJson = getString(module, "hadal.config_json", "");
  StringRef reason =
      getString(module, "hadal.config_json_reason", configJson.empty() ? "the model was not exported" : "");
  writer.structure("hadal_program", layout::program(context),
                   {writer.i32(HADAL_PROGRAM_VERSION),
                    writer.i32(checkMemory),
                    writer.string(getString(module, "hadal.program", "train")),
                    writer.string(getString(module, "hadal.model", "model")),
                    writer.string(target.name()),
                    writer.string(target.cpu),
                    writer.string(llvm::join(target.required, ",")),
                    writer.string(configJson),
                    writer.string(reason),
                    writer.string(getString(module, "hadal.stored_weights", "")),
                    writer.i64(getInteger(module, "hadal.micro_batch_size", 1)),
                    writer.i64(getInteger(module, "hadal.sequence_length", 1)),
                    writer.i64(getInteger(module, "hadal.tokens_ahead", 1)),
                    writer.i64(getInteger(module, "hadal.vocabulary", 1)),
                    writer.i64(entries.getArenaSize()),
                    writer.i64(entries.getScratchSize()),
                    writer.i64(tensors.size()),
                    tensorTable,
                    writer.i64(rows.size()),
                    entryTable,
                    embedded->cubin,
                    writer.i64(embedded->cubinSize),
                    embedded->ptx,
                    writer.i64(embedded->ptxSize),
                    writer.i64(emulated)},
                   LLVM::Linkage::External);

  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<func::FuncOp, KernelOp, ParameterOp, StateOp>(op))
      op.erase();
  return success();
}

namespace {

struct BuildHost : PassWrapper<BuildHost, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BuildHost)
  BuildHost() = default;
  BuildHost(const BuildHost &other) : PassWrapper(other) {}
  StringRef getArgument() const override { return "hadal-build-host"; }
  StringRef getDescription() const override { return "writes entry points and parameters as the runtime's tables"; }
  void getDependentDialects(DialectRegistry &registry) const override { registry.insert<LLVM::LLVMDialect>(); }
  Option<std::string> cpu{*this, "cpu", llvm::cl::desc("LLVM's name of the CPU, or host"), llvm::cl::init("host")};
  Option<std::string> targetName{*this, "target", llvm::cl::desc("cpu or sm_90a"), llvm::cl::init("cpu")};
  Option<bool> checkMemory{*this, "check-memory", llvm::cl::desc("give every buffer its own guarded mapping"),
                           llvm::cl::init(false)};

  void runOnOperation() override {
    llvm::Expected<TargetDescription> target = TargetDescription::forTarget(targetName, cpu);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    if (failed(buildHost(getOperation(), *target, checkMemory)))
      signalPassFailure();
  }
};

} // namespace

void hadal::registerHostPasses() { PassRegistration<BuildHost>(); }
