//===- GPULaunches.cpp - what the runtime is told of a GPU's kernels ----------------------------------------------===//
//
// Writes the grid, the tensor maps and the place in the model of every stage that runs on a GPU, and the assembled
// kernels themselves. The phase `target` leaves these as one `gpu.binary` with two objects, the cubin and the PTX; a
// program for the emulator has host functions instead.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Descriptor.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "runtime/include/hadal/program.h"

using namespace mlir;
using namespace hadal;

static_assert(unsigned(ptx::Swizzle::None) == HADAL_SWIZZLE_NONE &&
                  unsigned(ptx::Swizzle::Bytes32) == HADAL_SWIZZLE_32 &&
                  unsigned(ptx::Swizzle::Bytes64) == HADAL_SWIZZLE_64 &&
                  unsigned(ptx::Swizzle::Bytes128) == HADAL_SWIZZLE_128,
              "the dialect's swizzles are the runtime's");

FailureOr<rows::tensor_map> GPULaunches::writeMap(LaunchOp launch, const TensorMapSpec &map) {
  std::optional<unsigned> element = getElementType(map.element);
  if (!element)
    return launch.emitOpError("has a tensor map of ") << map.element << ", which no tensor of a program can hold";
  SmallVector<int64_t> strides{int64_t(map.element.getIntOrFloatBitWidth() / 8)};
  strides.append(map.strides);
  return rows::tensor_map{.argument = map.argument,
                          .element_type = *element,
                          .rank = int64_t(map.sizes.size()),
                          .swizzle = unsigned(map.swizzle),
                          .offset = map.offset,
                          .sizes = ArrayRef(map.sizes),
                          .strides = ArrayRef(strides),
                          .box = ArrayRef(map.box)};
}

FailureOr<StringAttr> GPULaunches::write(LaunchOp launch, StringRef symbol, const StageSpec &stage) {
  MLIRContext *context = launch.getContext();
  StringAttr location = writer.string(formatLocation(launch.getLoc()));
  StringAttr &constant = written[{StringAttr::get(context, symbol), location}];
  if (constant)
    return constant;
  std::string name = ("gpu." + Twine(written.size() - 1)).str();
  std::vector<rows::tensor_map> maps;
  for (const TensorMapSpec &map : stage.maps) {
    FailureOr<rows::tensor_map> row = writeMap(launch, map);
    if (failed(row))
      return failure();
    maps.push_back(*row);
  }
  Attribute function = writer.null();
  if (emulated)
    function = FlatSymbolRefAttr::get(context, symbol);
  constant = writer.structure(name, rows::gpu_launch{.symbol = writer.string(getDeviceSymbol(symbol)),
                                                     .location = location,
                                                     .function = function,
                                                     .blocks = stage.tasks,
                                                     .threads = stage.threads,
                                                     .cluster = stage.cluster,
                                                     .shared_bytes = stage.sharedMemory,
                                                     .map_count = int64_t(maps.size()),
                                                     .maps = writer.table(name + ".maps", maps)});
  return constant;
}

FailureOr<std::vector<rows::image>> hadal::embedImages(ModuleOp module, TableWriter &writer,
                                                       const TargetDescription &target) {
  std::vector<rows::image> images;
  StringAttr architecture = writer.string(target.name());
  auto add = [&](unsigned kind, StringRef contents) {
    images.push_back({.architecture = architecture,
                      .kind = kind,
                      .bytes = writer.bytes("image." + std::to_string(images.size()), contents),
                      .size = int64_t(contents.size())});
  };
  for (auto kernels : llvm::make_early_inc_range(module.getOps<gpu::BinaryOp>())) {
    for (auto object : kernels.getObjects().getAsRange<gpu::ObjectAttr>()) {
      StringRef contents = object.getObject().getValue();
      if (object.getFormat() == gpu::CompilationTarget::Binary)
        add(HADAL_CUBIN, contents);
      else if (object.getFormat() == gpu::CompilationTarget::Assembly)
        add(HADAL_PTX, contents.rtrim(StringRef("\0", 1)));
    }
    kernels.erase();
  }
  bool needed = target.kind() == TargetKind::NVPTX && !module->hasAttr(emulateAttrName);
  if (needed && images.empty())
    return module.emitError("the kernels for ") << target.name() << " were not assembled: run the phase target first";
  return images;
}
