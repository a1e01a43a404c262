// The table of features (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E) and the check against it.
#include "runtime/devices/cpu/Features.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hadal {
namespace {

// Bits of XCR0. A feature counts only when the operating system saves every register it works on.
constexpr uint64_t noState = 0;
constexpr uint64_t avxState = 0x6;      // xmm and the upper halves of ymm
constexpr uint64_t avx512State = 0xe6;  // and mask registers, upper halves of zmm, zmm16 to zmm31
constexpr uint64_t tileState = 0x60000; // tile configuration and tile data

struct Feature {
  std::string_view name;
  uint32_t leaf, subleaf;
  CpuIdentity::Register which;
  uint32_t bit;
  uint64_t state;
};

constexpr auto EAX = CpuIdentity::EAX, EBX = CpuIdentity::EBX, ECX = CpuIdentity::ECX, EDX = CpuIdentity::EDX;

constexpr Feature features[] = {
    {"64bit", 0x80000001, 0, EDX, 29, noState},
    {"cmov", 1, 0, EDX, 15, noState},
    {"cx8", 1, 0, EDX, 8, noState},
    {"fxsr", 1, 0, EDX, 24, noState},
    {"mmx", 1, 0, EDX, 23, noState},
    {"sse", 1, 0, EDX, 25, noState},
    {"sse2", 1, 0, EDX, 26, noState},
    {"x87", 1, 0, EDX, 0, noState},
    {"sse3", 1, 0, ECX, 0, noState},
    {"pclmul", 1, 0, ECX, 1, noState},
    {"ssse3", 1, 0, ECX, 9, noState},
    {"fma", 1, 0, ECX, 12, avxState},
    {"cx16", 1, 0, ECX, 13, noState},
    {"sse4.1", 1, 0, ECX, 19, noState},
    {"sse4.2", 1, 0, ECX, 20, noState},
    {"crc32", 1, 0, ECX, 20, noState},
    {"movbe", 1, 0, ECX, 22, noState},
    {"popcnt", 1, 0, ECX, 23, noState},
    {"aes", 1, 0, ECX, 25, noState},
    {"xsave", 1, 0, ECX, 27, noState},
    {"avx", 1, 0, ECX, 28, avxState},
    {"f16c", 1, 0, ECX, 29, avxState},
    {"rdrnd", 1, 0, ECX, 30, noState},
    {"fsgsbase", 7, 0, EBX, 0, noState},
    {"sgx", 7, 0, EBX, 2, noState},
    {"bmi", 7, 0, EBX, 3, noState},
    {"avx2", 7, 0, EBX, 5, avxState},
    {"bmi2", 7, 0, EBX, 8, noState},
    {"invpcid", 7, 0, EBX, 10, noState},
    {"avx512f", 7, 0, EBX, 16, avx512State},
    {"avx512dq", 7, 0, EBX, 17, avx512State},
    {"rdseed", 7, 0, EBX, 18, noState},
    {"adx", 7, 0, EBX, 19, noState},
    {"avx512ifma", 7, 0, EBX, 21, avx512State},
    {"clflushopt", 7, 0, EBX, 23, noState},
    {"clwb", 7, 0, EBX, 24, noState},
    {"avx512cd", 7, 0, EBX, 28, avx512State},
    {"sha", 7, 0, EBX, 29, noState},
    {"avx512bw", 7, 0, EBX, 30, avx512State},
    {"avx512vl", 7, 0, EBX, 31, avx512State},
    {"avx512vbmi", 7, 0, ECX, 1, avx512State},
    {"pku", 7, 0, ECX, 4, noState},
    {"waitpkg", 7, 0, ECX, 5, noState},
    {"avx512vbmi2", 7, 0, ECX, 6, avx512State},
    {"shstk", 7, 0, ECX, 7, noState},
    {"gfni", 7, 0, ECX, 8, noState},
    {"vaes", 7, 0, ECX, 9, avxState},
    {"vpclmulqdq", 7, 0, ECX, 10, avxState},
    {"avx512vnni", 7, 0, ECX, 11, avx512State},
    {"avx512bitalg", 7, 0, ECX, 12, avx512State},
    {"avx512vpopcntdq", 7, 0, ECX, 14, avx512State},
    {"rdpid", 7, 0, ECX, 22, noState},
    {"kl", 7, 0, ECX, 23, noState},
    {"cldemote", 7, 0, ECX, 25, noState},
    {"movdiri", 7, 0, ECX, 27, noState},
    {"movdir64b", 7, 0, ECX, 28, noState},
    {"enqcmd", 7, 0, ECX, 29, noState},
    {"uintr", 7, 0, EDX, 5, noState},
    {"avx512vp2intersect", 7, 0, EDX, 8, avx512State},
    {"serialize", 7, 0, EDX, 14, noState},
    {"tsxldtrk", 7, 0, EDX, 16, noState},
    {"pconfig", 7, 0, EDX, 18, noState},
    {"amx-bf16", 7, 0, EDX, 22, tileState},
    {"avx512fp16", 7, 0, EDX, 23, avx512State},
    {"amx-tile", 7, 0, EDX, 24, tileState},
    {"amx-int8", 7, 0, EDX, 25, tileState},
    {"sha512", 7, 1, EAX, 0, avxState},
    {"sm3", 7, 1, EAX, 1, avxState},
    {"sm4", 7, 1, EAX, 2, avxState},
    {"avxvnni", 7, 1, EAX, 4, avxState},
    {"avx512bf16", 7, 1, EAX, 5, avx512State},
    {"cmpccxadd", 7, 1, EAX, 7, noState},
    {"amx-fp16", 7, 1, EAX, 21, tileState},
    {"hreset", 7, 1, EAX, 22, noState},
    {"avxifma", 7, 1, EAX, 23, avxState},
    {"avxvnniint8", 7, 1, EDX, 4, avxState},
    {"avxneconvert", 7, 1, EDX, 5, avxState},
    {"amx-complex", 7, 1, EDX, 8, tileState},
    {"avxvnniint16", 7, 1, EDX, 10, avxState},
    {"prefetchi", 7, 1, EDX, 14, noState},
    {"xsaveopt", 0xd, 1, EAX, 0, noState},
    {"xsavec", 0xd, 1, EAX, 1, noState},
    {"xsaves", 0xd, 1, EAX, 3, noState},
    {"ptwrite", 0x14, 0, EBX, 4, noState},
    {"widekl", 0x19, 0, EBX, 2, noState},
    {"sahf", 0x80000001, 0, ECX, 0, noState},
    {"lzcnt", 0x80000001, 0, ECX, 5, noState},
    {"sse4a", 0x80000001, 0, ECX, 6, noState},
    {"prfchw", 0x80000001, 0, ECX, 8, noState},
    {"xop", 0x80000001, 0, ECX, 11, avxState},
    {"fma4", 0x80000001, 0, ECX, 16, avxState},
    {"tbm", 0x80000001, 0, ECX, 21, noState},
    {"mwaitx", 0x80000001, 0, ECX, 29, noState},
    {"clzero", 0x80000008, 0, EBX, 0, noState},
    {"rdpru", 0x80000008, 0, EBX, 4, noState},
    {"wbnoinvd", 0x80000008, 0, EBX, 9, noState},
};

const Feature &lookUp(std::string_view name) {
  for (const Feature &feature : features)
    if (feature.name == name)
      return feature;
  fail(HADAL_EXIT_INPUT, "the program needs the CPU feature '", name,
       "', which this runtime does not know; compile and link with the same hadalc");
}

bool has(const Feature &feature, const CpuIdentity &cpu) {
  uint32_t value = cpu.query(feature.leaf, feature.subleaf, feature.which);
  if (!(value >> feature.bit & 1))
    return false;
  if (feature.state == noState)
    return true;
  bool extendedStateReadable = cpu.query(1, 0, CpuIdentity::ECX) >> 27 & 1; // OSXSAVE
  return extendedStateReadable && (cpu.extendedState() & feature.state) == feature.state;
}

class HostCpu final : public CpuIdentity {
public:
  uint32_t query(uint32_t leaf, uint32_t subleaf, Register which) const override {
    unsigned registers[4] = {};
    if (!__get_cpuid_count(leaf, subleaf, &registers[0], &registers[1], &registers[2], &registers[3]))
      return 0;
    return registers[which];
  }
  uint64_t extendedState() const override {
    uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return static_cast<uint64_t>(high) << 32 | low;
  }
  /// Linux hands them out only on request: without this call the first tile instruction dies with SIGILL.
  bool requestTileRegisters() const override {
    constexpr long requestPermission = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
  }
};

bool isOfTiles(std::string_view feature) { return feature.starts_with("amx-"); }

} // namespace

const CpuIdentity &thisCpu() {
  static const HostCpu cpu;
  return cpu;
}

std::vector<std::string> missingFeatures(std::string_view list, const CpuIdentity &cpu) {
  std::vector<std::string> missing;
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (name.starts_with('+'))
      name.remove_prefix(1);
    if (!name.empty() && !has(lookUp(name), cpu))
      missing.emplace_back(name);
  }
  return missing;
}

int32_t hadal_tile_registers = 0;

bool requestTileRegisters(std::string_view features, const CpuIdentity &cpu) {
  bool isWanted = features.find("amx-") != std::string_view::npos;
  bool isThere = isWanted && std::ranges::none_of(missingFeatures(features, cpu), isOfTiles);
  hadal_tile_registers = isThere && cpu.requestTileRegisters();
  return !isWanted || hadal_tile_registers;
}

void requireFeatures(std::string_view list, std::string_view compiledFor, const CpuIdentity &cpu) {
  std::string names;
  for (const std::string &name : missingFeatures(list, cpu))
    if (!isOfTiles(name))
      names += (names.empty() ? "" : ", ") + name;
  if (!names.empty())
    fail(HADAL_EXIT_INPUT, "this CPU lacks ", names, ", which the program was compiled for (", compiledFor,
         "); compile it for this machine: hadalc --cpu=host here, or --cpu=x86-64-v3 anywhere");
}

} // namespace hadal
