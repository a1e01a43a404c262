// Which device runs a program: what the program was compiled for, held against what the user asked for and what the
// machine has.
#include "runtime/core/Device.h"

#include "runtime/core/Commands.h"
#include "runtime/core/Error.h"
#include "runtime/devices/cpu/CpuDevice.h"
#include "runtime/devices/cuda/CudaDevice.h"
#include "runtime/devices/emulator/EmulatedDevice.h"

#include <charconv>

namespace hadal {
namespace {

enum class Kind { Any, CPU, GPU };

struct Choice {
  Kind kind = Kind::Any;
  std::optional<int> ordinal;
};

/// "auto", "cpu", "cuda", "cuda:N"; nothing for any other name.
std::optional<Choice> parseChoice(std::string_view name) {
  if (name == "auto" || name == "cpu")
    return Choice{name == "cpu" ? Kind::CPU : Kind::Any, std::nullopt};
  if (name == "cuda")
    return Choice{Kind::GPU, std::nullopt};
  int ordinal = 0;
  if (!name.starts_with("cuda:"))
    return std::nullopt;
  const char *end = name.data() + name.size();
  auto [rest, error] = std::from_chars(name.data() + 5, end, ordinal);
  if (error != std::errc() || rest != end || ordinal < 0)
    return std::nullopt;
  return Choice{Kind::GPU, ordinal};
}

/// The devices of this machine, for the message about a name that is none.
std::string listDevices() {
  std::string text = "auto, cpu";
  try {
    const std::vector<cuda::GPU> &gpus = cuda::Driver::get().gpus();
    for (size_t i = 0; i < gpus.size(); ++i)
      text += concat(", cuda:", i, " (", gpus[i].describe(), ")");
    return gpus.empty() ? text + "; there is no GPU" : text;
  } catch (const Error &error) {
    return concat(text, "; there is no GPU: ", error.what());
  }
}

constexpr const char *collectives[] = {"all-reduce", "reduce-scatter", "all-gather", "send", "receive", "exchange"};

/// What a command asks for that no device does; "" when it can be run.
std::string missing(const hadal_entry &entry, const hadal_command &command) {
  if (command.kind == HADAL_HOST_WAIT)
    return "to wait for the host";
  if (command.kind != HADAL_COLLECTIVE)
    return "";
  const hadal_collective &collective = entry.collectives[command.index];
  return concat("for an ", collectives[collective.kind], " over '", collective.axis, "'");
}

/// The tables have a place for more than this runtime does. Such a program is refused before it begins.
void requireRunnable(const Program &program) {
  for (const hadal_entry &entry : program.entries())
    for (uint64_t i = 0; i < entry.command_count; ++i)
      if (std::string what = missing(entry, entry.commands[i]); !what.empty())
        fail(HADAL_EXIT_INPUT, "the entry point '", entry.name, "' asks in command ", i, " ('",
             nameOf(entry, entry.commands[i]), "') ", what, ", which this runtime cannot do yet");
  for (const hadal_tensor &tensor : program.tensors())
    if (tensor.lifetime == HADAL_EXTERNAL)
      fail(HADAL_EXIT_INPUT, "the tensor '", tensor.name,
           "' lies in memory of whoever calls the runtime, which this runtime cannot take yet");
}

} // namespace

std::unique_ptr<Device> createDevice(const Program &program, const DeviceOptions &options) {
  requireRunnable(program);
  std::optional<Choice> choice = parseChoice(options.device);
  if (!choice)
    fail(HADAL_EXIT_COMMAND_LINE, "there is no device '", options.device, "'; there are: ", listDevices());
  if (choice->kind == Kind::GPU && !program.isForGPU())
    fail(HADAL_EXIT_COMMAND_LINE, "the device '", options.device,
         "' is a GPU and the program was compiled for CPUs; compile it with hadalc --target=sm_90a for NVIDIA GPUs");
  if (choice->kind == Kind::GPU && program->emulated)
    fail(HADAL_EXIT_COMMAND_LINE, "the device '", options.device,
         "' is a GPU and the program's GPU kernels are emulated on CPUs; compile it without --emulate");
  if (choice->kind == Kind::CPU && program.needsGPU())
    fail(HADAL_EXIT_COMMAND_LINE, "the device 'cpu' cannot run the program, which was compiled for ", program->target,
         "; compile it with hadalc --target=cpu, or with --emulate to run its GPU kernels on CPUs");
  if (!options.pin.empty() && program.isForGPU())
    fail(HADAL_EXIT_COMMAND_LINE, "--pin: the program's kernels are for ", program->target,
         ", and what is pinned are the threads of kernels for CPUs");
  if (program.needsGPU())
    return std::make_unique<cuda::CudaDevice>(program, options, choice->ordinal);
  if (program->emulated)
    return std::make_unique<emulator::EmulatedDevice>(program, options);
  return std::make_unique<CpuDevice>(program, options);
}

} // namespace hadal
