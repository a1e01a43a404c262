//===- NearestTest.cpp - numbers rounded to bf16 ------------------------------------------------------------------===//
//
// The evaluator rounds to bf16 by itself, a hundred times faster than LLVM's APFloat, which says here what it has to
// yield: for random numbers of every exponent, for ties and their neighbours, and beyond the normal numbers.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;

namespace {

double expected(double value) {
  llvm::APFloat number(value);
  bool losesInformation;
  number.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &losesInformation);
  return number.convertToDouble();
}

TEST(Nearest, IsWhatAPFloatSays) {
  MLIRContext context;
  auto type = BFloat16Type::get(&context);
  std::mt19937_64 generator(1);
  for (int exponent = -140; exponent <= 128; ++exponent)
    for (int k = 0; k < 64; ++k) {
      // A number of bf16, the middle between it and the next, what lies just beside that, and anything.
      double code = std::ldexp(1.0 + double(generator() % 128) / 128, exponent);
      double middle = std::ldexp(1.0 + double(generator() % 128 + 0.5) / 128, exponent);
      double other = std::ldexp(1.0 + double(generator()) * 0x1p-64, exponent);
      for (double value : {code, middle, std::nextafter(middle, 0.0), std::nextafter(middle, INFINITY), other})
        for (double number : {value, -value})
          EXPECT_EQ(llvm::bit_cast<uint64_t>(hadal::reference::nearest(number, type)),
                    llvm::bit_cast<uint64_t>(expected(number)))
              << number;
    }
  for (double number : {0.0, -0.0, double(INFINITY), -double(INFINITY)})
    EXPECT_EQ(llvm::bit_cast<uint64_t>(hadal::reference::nearest(number, type)), llvm::bit_cast<uint64_t>(number));
  EXPECT_TRUE(std::isnan(hadal::reference::nearest(NAN, type)));
}

} // namespace
