// Exact widening of the 16-bit float formats, and of the family's 8-bit one, to f32.
#ifndef HADAL_RUNTIME_CORE_HALFPRECISION_H
#define HADAL_RUNTIME_CORE_HALFPRECISION_H

#include <bit>
#include <cstdint>

namespace hadal {

/// bfloat16 is the upper half of an f32.
inline float widenBfloat16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

/// IEEE 754 binary16: 1 sign, 5 exponent and 10 mantissa bits. Every value, denormal numbers included, is an f32.
inline float widenFloat16(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = bits >> 10 & 0x1f, mantissa = bits & 0x3ff;
  if (exponent == 0x1f) // infinity or NaN, whose payload keeps its place below the leading bits
    return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent != 0)
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  float magnitude = static_cast<float>(mantissa) * 0x1p-24f; // exact: a power of two times 10 bits
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
}

/// E4M3: 1 sign, 4 exponent (from 7 on) and 3 mantissa bits; no infinity, and NaN where all bits but the sign are set.
inline float widenE4M3(uint8_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x80) << 24, exponent = bits >> 3 & 15, mantissa = bits & 7;
  if ((bits & 0x7f) == 0x7f)
    return std::bit_cast<float>(sign | 0x7fc00000);
  if (exponent != 0)
    return std::bit_cast<float>(sign | (exponent + 120) << 23 | mantissa << 20);
  float magnitude = static_cast<float>(mantissa) * 0x1p-9f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
}

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_HALFPRECISION_H
