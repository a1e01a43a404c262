// The number formats of tensor cores: exact widening to f32, and rounding to nearest even.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_NUMBERS_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_NUMBERS_H

#include "runtime/core/HalfPrecision.h"

#include <cmath>

namespace hadal::emulator {

/// ptx::OperandType.
enum class OperandType : uint32_t { BF16 = 0, F16 = 1, E4M3 = 2, E5M2 = 3 };
constexpr uint32_t bytesOf(OperandType type) { return type == OperandType::BF16 || type == OperandType::F16 ? 2 : 1; }

/// OCP 8-bit float with 4 exponent bits: no infinities, ±448 is the largest number, S.1111.111 is NaN.
inline float widenE4M3(uint8_t bits) {
  int exponent = bits >> 3 & 15, mantissa = bits & 7;
  if ((bits & 0x7f) == 0x7f)
    return std::bit_cast<float>(0x7fc00000u);
  float magnitude = exponent ? std::ldexp(8.0f + mantissa, exponent - 10) : std::ldexp(float(mantissa), -9);
  return bits & 0x80 ? -magnitude : magnitude;
}

/// OCP 8-bit float with 5 exponent bits: the upper half of a binary16.
inline float widenE5M2(uint8_t bits) { return widenFloat16(static_cast<uint16_t>(bits << 8)); }

inline uint16_t roundToBfloat16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fff; // cvt's canonical NaN
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Clamped to ±448; NaN stays NaN.
inline uint8_t roundToE4M3(float value) {
  uint8_t sign = std::signbit(value) ? 0x80 : 0;
  float magnitude = std::fabs(value);
  if (std::isnan(value))
    return 0x7f;
  if (magnitude >= 448.0f)
    return sign | 0x7e;
  // In units of the last place, which are those of the smallest normal number below it.
  int exponent = magnitude < 0x1p-6f ? -6 : std::ilogb(magnitude);
  int units = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 3 - exponent)));
  // A mantissa that rounds up to 16 units carries into the exponent by itself.
  return sign | static_cast<uint8_t>(units + ((exponent + 6) << 3));
}

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_NUMBERS_H
