//===- Target.cpp - what the strategies know of a target ----------------------------------------------------------===//
//
// Resolves the name of a CPU with LLVM's own tables. The host's features are asked from the CPU itself (LLVM may know a
// virtual machine's CPU by an older name), every other CPU's come with its name.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Target/Target.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace hadal;

namespace {

constexpr StringLiteral linuxTriple = "x86_64-pc-linux-gnu";

/// The instruction sets that generated code may use: LLVM selects from these by itself, or the emitters ask for them.
/// All others are switched off, so that the list of required features is exact.
constexpr StringLiteral usedFeatures[] = {"sse3",         "ssse3",
                                          "sse4.1",       "sse4.2",
                                          "popcnt",       "lzcnt",
                                          "bmi",          "bmi2",
                                          "movbe",        "f16c",
                                          "fma",          "avx",
                                          "avx2",         "avx512f",
                                          "avx512cd",     "avx512bw",
                                          "avx512dq",     "avx512vl",
                                          "avx512bf16",   "avx512fp16",
                                          "avx512vnni",   "avx512vbmi",
                                          "avx512vbmi2",  "avx512ifma",
                                          "avx512bitalg", "avx512vpopcntdq",
                                          "gfni",         "avxvnni",
                                          "amx-tile",     "amx-bf16",
                                          "amx-int8"};

Expected<const llvm::Target *> lookUpX86() {
  static const bool initialized = [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)initialized;
  std::string message;
  const llvm::Target *target = TargetRegistry::lookupTarget(Triple(linuxTriple), message);
  if (!target)
    return createStringError("this LLVM generates no code for x86-64 (%s)", message.c_str());
  return target;
}

/// The names nearest to a misspelt one, the nearest first.
std::string closeNames(StringRef name, ArrayRef<SubtargetSubTypeKV> known) {
  SmallVector<std::pair<unsigned, StringRef>> ranked;
  for (const SubtargetSubTypeKV &entry : known) {
    StringRef candidate = entry.Key;
    if (candidate.starts_with("x86-64") || candidate.size() > 3)
      ranked.push_back({name.edit_distance_insensitive(candidate), candidate});
  }
  llvm::sort(ranked);
  if (ranked.size() > 5)
    ranked.resize(5);
  return llvm::join(llvm::map_range(ranked, [](auto &pair) { return pair.second.str(); }), ", ");
}

/// The names in a table, separated by commas.
template <typename Row> std::string namesOf(ArrayRef<Row> table, function_ref<bool(const Row &)> isWanted) {
  return llvm::join(llvm::map_range(llvm::make_filter_range(table, isWanted), [](const Row &row) { return row.name; }),
                    ", ");
}

} // namespace

/// The architecture of that name, of which there are lowerings.
static Expected<const GPUArchitecture *> findAvailable(StringRef name) {
  auto names = [](bool available) {
    return namesOf<GPUArchitecture>(getGPUArchitectures(),
                                    [&](const GPUArchitecture &known) { return known.available == available; });
  };
  const GPUArchitecture *found = findGPUArchitecture(name);
  if (!found)
    return createStringError("unknown target '%s'; known targets: cpu, %s (and %s, without lowerings yet)",
                             name.str().c_str(), names(true).c_str(), names(false).c_str());
  if (!found->available)
    return createStringError("the target '%s' has no lowerings yet; available: cpu, %s", name.str().c_str(),
                             names(true).c_str());
  return found;
}

Expected<TargetDescription> TargetDescription::forTarget(StringRef target, StringRef cpu, StringRef board) {
  auto boards = [](StringRef architecture) {
    return namesOf<GPUBoard>(getGPUBoards(), [&](const GPUBoard &known) {
      return architecture.empty() || known.architecture == architecture;
    });
  };
  if (!board.empty() && !findGPUBoard(board) && (target.empty() || target == "cpu"))
    return createStringError("unknown GPU '%s'; known: %s", board.str().c_str(), boards("").c_str());
  Expected<TargetDescription> description = forCPU(cpu);
  if (target == "cpu") {
    if (description && !board.empty())
      return createStringError("the GPU '%s' is named for the target cpu: leave out one of the two",
                               board.str().c_str());
    return description;
  }
  Expected<const GPUArchitecture *> architecture = findAvailable(target);
  if (!architecture) {
    consumeError(description.takeError());
    return architecture.takeError();
  }
  if (!description)
    return description;
  const GPUBoard *sizes = board.empty() ? &getDefaultBoard(target) : findGPUBoard(board);
  if (!sizes || sizes->architecture != target)
    return createStringError("unknown GPU '%s' of the target %s; known: %s", board.str().c_str(), target.str().c_str(),
                             boards(target).c_str());
  description->architecture = *architecture;
  description->multiprocessors = sizes->multiprocessors;
  description->clock = sizes->clock;
  description->memoryBandwidth = sizes->memoryBandwidth;
  description->tensorProductsPerCycle = sizes->tensorProductsPerCycle;
  description->cacheBytesPerCycle = description->architecture->tensorBytesPerCycle;
  description->multiplyAddsPerCycle = multiprocessorLanes;
  description->bf16MultiplyAddsPerCycle = sizes->tensorProductsPerCycle;
  description->lanes = 4;
  description->fma = true;
  return description;
}

Error TargetDescription::setMultiprocessors(int64_t count) {
  constexpr int64_t most = 1024;
  if (!architecture)
    return createStringError("a CPU has no multiprocessors: name a GPU as the target");
  if (count < 1 || count > most)
    return createStringError("a GPU has 1 to %lld multiprocessors, not %lld", (long long)most, (long long)count);
  multiprocessors = count;
  return Error::success();
}

bool TargetDescription::has(StringRef feature) const { return llvm::is_contained(required, feature); }

Expected<TargetDescription> TargetDescription::forCPU(StringRef name) {
  Expected<const llvm::Target *> target = lookUpX86();
  if (!target)
    return target.takeError();
  Triple triple(linuxTriple);
  std::unique_ptr<MCSubtargetInfo> baseline((*target)->createMCSubtargetInfo(triple, "x86-64", ""));

  TargetDescription description;
  description.triple = triple.str();
  description.emulatesTiles = name.consume_back(emulatedTilesSuffix);
  std::string hostFeatures;
  if (name == "host") {
    description.cpu = sys::getHostCPUName().str();
    for (auto &feature : sys::getHostCPUFeatures())
      if (llvm::is_contained(usedFeatures, feature.first()))
        hostFeatures +=
            (hostFeatures.empty() ? "" : ",") + std::string(feature.second ? "+" : "-") + feature.first().str();
  } else {
    description.cpu = name.str();
  }
  if (!baseline->isCPUStringValid(description.cpu)) {
    if (name != "host")
      return createStringError("unknown CPU '%s': close names are host, %s", name.str().c_str(),
                               closeNames(name, baseline->getAllProcessorDescriptions()).c_str());
    description.cpu = "x86-64";
  }

  std::unique_ptr<MCSubtargetInfo> subtarget((*target)->createMCSubtargetInfo(triple, description.cpu, hostFeatures));
  if (!subtarget->checkFeatures("+64bit"))
    return createStringError("the CPU '%s' has no 64-bit mode: name an x86-64 CPU", name.str().c_str());
  SmallVector<std::string> flags;
  for (StringRef feature : usedFeatures) {
    bool available =
        subtarget->checkFeatures("+" + feature.str()) && !(description.emulatesTiles && feature.starts_with("amx-"));
    if (available)
      description.required.push_back(feature.str());
    flags.push_back((available ? "+" : "-") + feature.str());
  }
  description.features = llvm::join(flags, ",");

  description.fma = description.has("fma");
  bool isLevel3 = description.has("avx2") && description.fma;
  bool isLevel4 = description.fma && description.has("avx512f") && description.has("avx512vl") &&
                  description.has("avx512dq") && description.has("avx512bw");
  const CPULevel &level = getCPULevels()[isLevel4 ? 2 : isLevel3 ? 1 : 0];
  description.registerLanes = level.registerLanes;
  description.vectorRegisters = level.vectorRegisters;
  description.l2Bytes = level.l2Bytes;
  description.clock = level.clock;
  description.memoryBandwidth = level.memoryBandwidth;
  description.cacheBytesPerCycle = level.cacheBytesPerCycle;
  description.multiplyAddsPerCycle = level.multiplyAddsPerCycle;
  description.bf16MultiplyAddsPerCycle =
      description.has("amx-bf16") ? amxMultiplyAddsPerCycle : level.multiplyAddsPerCycle;
  return description;
}

Expected<std::unique_ptr<TargetMachine>> TargetDescription::createTargetMachine() const {
  Expected<const llvm::Target *> target = lookUpX86();
  if (!target)
    return target.takeError();
  TargetOptions options;
  // A fused multiply-add is written as one: where LLVM may fuse, the bits follow how code was cut into functions.
  options.AllowFPOpFusion = FPOpFusion::Strict;
  std::unique_ptr<TargetMachine> machine((*target)->createTargetMachine(
      Triple(triple), cpu, features, options, Reloc::PIC_, std::nullopt, CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("LLVM cannot generate code for the CPU '%s'", cpu.c_str());
  return machine;
}
