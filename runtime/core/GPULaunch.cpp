// What a launch on a GPU has to be for the driver to take it: the limits of grids and of tensor maps (CUDA Programming
// Guide, "Compute Capabilities"; CUDA Driver API, cuTensorMapEncodeTiled). The compiler keeps to them, so a launch that
// does not is a fault of the compiler, found before anything runs.
#include "runtime/core/Commands.h"
#include "runtime/include/hadal/gpu_limits.h"

namespace hadal {
namespace {

constexpr int64_t maximalBlocks = (int64_t{1} << 31) - 1;

/// Bytes from the map's first element to its last, that one included.
uint64_t extentOf(const hadal_tensor_map &map) {
  uint64_t extent = elementSize(map.element_type);
  for (uint32_t i = 0; i < map.rank; ++i)
    extent += static_cast<uint64_t>(map.sizes[i] - 1) * static_cast<uint64_t>(map.strides[i]);
  return extent;
}

void verifyMap(const struct hadal_program &program, const hadal_entry &entry, const hadal_launch &launch,
               const hadal_tensor_map &map, const std::string &what) {
  requireOfProgram(map.argument < launch.argument_count, what, "describes argument ", map.argument, " of ",
                   launch.argument_count);
  requireOfProgram(map.rank >= 1 && map.rank <= HADAL_TENSOR_MAP_RANK, what, "has rank ", map.rank);
  requireOfProgram(map.element_type <= HADAL_F8E4M3FN, what, "has the unknown element type ", map.element_type);
  requireOfProgram(map.swizzle <= HADAL_SWIZZLE_128, what, "has the unknown swizzle ", map.swizzle);
  requireOfProgram(map.offset % 16 == 0, what, "begins at byte ", map.offset, ", which is no multiple of 16");
  int64_t element = static_cast<int64_t>(elementSize(map.element_type));
  for (uint32_t i = 0; i < map.rank; ++i) {
    requireOfProgram(map.sizes[i] >= 1 && map.sizes[i] <= int64_t{1} << 32, what, "has the size ", map.sizes[i]);
    requireOfProgram(map.box[i] >= 1 && map.box[i] <= 256, what, "has a box of ", map.box[i],
                     " elements in a dimension; 1 to 256 are possible");
    bool valid = i == 0 ? map.strides[i] == element
                        : map.strides[i] >= 16 && map.strides[i] % 16 == 0 && map.strides[i] < int64_t{1} << 40;
    requireOfProgram(valid, what, "has the stride ", map.strides[i], " in dimension ", i);
  }
  int64_t boxBytes = map.box[0] * element, span = map.swizzle == HADAL_SWIZZLE_NONE ? 0 : 16 << map.swizzle;
  requireOfProgram(boxBytes % 16 == 0 && (span == 0 || boxBytes <= span), what, "has rows of ", boxBytes,
                   " bytes in its box; a multiple of 16 is expected, at most the span of the swizzle");
  uint64_t available = argumentSize(program, entry, entry.arguments[launch.first_argument + map.argument]);
  requireOfProgram(map.offset + extentOf(map) <= available, what, "ends at byte ", map.offset + extentOf(map),
                   " of an argument of ", available, " bytes");
}

} // namespace

void verifyGPULaunch(const struct hadal_program &program, const hadal_entry &entry, const hadal_launch &launch,
                     const std::string &what) {
  const hadal_gpu_launch &gpu = *launch.gpu;
  requireOfProgram(gpu.symbol && gpu.location, what, "names no kernel of the GPU");
  requireOfProgram(!gpu.function == !program.emulated, what, "is ", gpu.function ? "emulated" : "not emulated",
                   ", the program is ", program.emulated ? "" : "not");
  requireOfProgram(gpu.blocks >= 1 && gpu.blocks <= maximalBlocks && gpu.blocks == launch.tasks, what, "has ",
                   gpu.blocks, " blocks for ", launch.tasks, " tasks");
  const hadal_gpu_limits *limits = hadal_find_gpu_limits(program.target);
  requireOfProgram(limits, what, "is for the GPU '", program.target, "', which this runtime does not know");
  requireOfProgram(gpu.threads >= 1 && gpu.threads <= limits->threads_per_block, what, "has ", gpu.threads,
                   " threads a block");
  requireOfProgram(gpu.cluster >= 1 && gpu.cluster <= limits->blocks_per_cluster && gpu.blocks % gpu.cluster == 0, what,
                   "has clusters of ", gpu.cluster, " among ", gpu.blocks, " blocks");
  requireOfProgram(gpu.cluster == 1 || launch.number == HADAL_NONE, what, "has clusters of ", gpu.cluster,
                   " blocks, whose number varies");
  requireOfProgram(gpu.shared_bytes <= limits->shared_bytes_per_block, what, "asks for ", gpu.shared_bytes,
                   " bytes of shared memory; ", limits->shared_bytes_per_block, " are possible");
  for (uint32_t i = 0; i < gpu.map_count; ++i)
    verifyMap(program, entry, launch, gpu.maps[i], concat("tensor map ", i, " of ", what));
}

} // namespace hadal
