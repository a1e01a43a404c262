//===- StepsTest.cpp - the arithmetic of products of two bf16 factors on CPUs -------------------------------------===//
//
// A scalar model of TDPBF16PS (Steps.h) against the bits that kernels compute on every level of CPU that this machine
// can run: depths that leave a step, a block of the depth or a parity unfinished, numbers whose products or sums are
// denormal, denormal factors, infinities and NaN (of which one is like another).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "test/codegen/CPU/Steps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

constexpr int64_t rows = 9, columns = 37;

/// x Wᵀ, x W and xᵀ W: the ways in which factors lie in memory.
TEST_F(StepsTest, EveryDepthAndKindOfNumber) {
  std::mt19937 generator(1);
  struct Case {
    int64_t depth;
    Numbers ofX, ofW;
  };
  for (auto [depth, ofX, ofW] :
       {Case{1, Numbers::Tiny, Numbers::Tiny}, Case{31, Numbers::Denormal, Numbers::Large},
        Case{33, Numbers::Ordinary, Numbers::Ordinary}, Case{95, Numbers::Tiny, Numbers::Tiny},
        Case{289, Numbers::Special, Numbers::Tiny}, Case{300, Numbers::Large, Numbers::Denormal}}) {
    Tensor x = drawTensor({rows, depth}, generator, ofX), w = drawTensor({columns, depth}, generator, ofW);
    std::string text = llvm::formatv(R"(
      hadal.kernel contraction @linear(%x: tensor<9x{0}xbf16>, %w: tensor<37x{0}xbf16>) -> tensor<9x37xf32> {{
        %y = hadal.linear %x weights(%w : tensor<37x{0}xbf16>) : tensor<9x{0}xbf16> -> tensor<9x37xf32>
        hadal.yield %y : tensor<9x37xf32>
      })",
                                     depth);
    check(text, {{{x, w}, {[&](int64_t i) {
                    return multiply(
                        depth, [&](int64_t k) { return float(x.at(i / columns, k)); },
                        [&](int64_t k) { return float(w.at(i % columns, k)); });
                  }}}});
  }
}

/// B in pairs, as AMX reads it: tiles of every height and width, of which some keep their sums in registers.
TEST_F(StepsTest, PairsInPanels) {
  std::mt19937 generator(5);
  struct Case {
    int64_t rows, columns, depth;
    Numbers ofX, ofW;
  };
  for (auto [rows, columns, depth, ofX, ofW] :
       {Case{1, 256, 33, Numbers::Ordinary, Numbers::Denormal}, Case{1, 48, 1059, Numbers::Ordinary, Numbers::Ordinary},
        Case{2, 64, 31, Numbers::Special, Numbers::Tiny}, Case{3, 80, 64, Numbers::Large, Numbers::Denormal},
        Case{15, 96, 90, Numbers::Tiny, Numbers::Tiny}, Case{29, 16, 289, Numbers::Denormal, Numbers::Large}}) {
    Tensor x = drawTensor({rows, depth}, generator, ofX), w = drawTensor({columns, depth}, generator, ofW);
    std::string text = llvm::formatv(R"(
      !pairs = tensor<{1}x{2}xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
      hadal.kernel contraction @pairs(%x: tensor<{0}x{2}xbf16>, %w: !pairs) -> tensor<{0}x{1}xf32> {{
        %y = hadal.linear %x weights(%w : !pairs) : tensor<{0}x{2}xbf16> -> tensor<{0}x{1}xf32>
        hadal.yield %y : tensor<{0}x{1}xf32>
      })",
                                     rows, columns, depth);
    // AMX reads panels two at a time.
    std::vector<std::string> cpus = levels();
    if (columns % 32 != 0)
      cpus.pop_back();
    check(text, {{{x, w}, {[&](int64_t i) {
                    return multiply(
                        depth, [&](int64_t k) { return float(x.at(i / columns, k)); },
                        [&](int64_t k) { return float(w.at(i % columns, k)); });
                  }}}},
          cpus);
  }
}

TEST_F(StepsTest, FactorsWhoseDepthIsNotContiguous) {
  std::mt19937 generator(2);
  Tensor x = drawTensor({33, rows}, generator, Numbers::Large),
         w = drawTensor({33, columns}, generator, Numbers::Denormal);
  check(R"(
    hadal.kernel contraction @outer(%x: tensor<33x9xbf16>, %w: tensor<33x37xbf16>) -> tensor<9x37xf32> {
      %y = hadal.matmul %x, %w {transpose_lhs} : (tensor<33x9xbf16>, tensor<33x37xbf16>) -> tensor<9x37xf32>
      hadal.yield %y : tensor<9x37xf32>
    })",
        {{{x, w}, {[&](int64_t i) {
            return multiply(
                33, [&](int64_t k) { return float(x.at(k, i / columns)); },
                [&](int64_t k) { return float(w.at(k, i % columns)); });
          }}}});
}

// The depth is an expert's rows: steps are counted from its first one.
TEST_F(StepsTest, StepsOfAnExpertBeginWithItsRows) {
  std::mt19937 generator(3);
  Tensor x = drawTensor({70, rows}, generator, Numbers::Ordinary),
         w = drawTensor({70, columns}, generator, Numbers::Ordinary);
  Tensor offsets({4});
  offsets.data = {0, 21, 21, 70};
  check(R"(
    hadal.kernel contraction @grouped(%x: tensor<70x9xbf16>, %w: tensor<70x37xbf16>, %o: tensor<4xi32>) -> tensor<3x9x37xf32> {
      %y = hadal.grouped_outer_product %x, %w, %o : (tensor<70x9xbf16>, tensor<70x37xbf16>, tensor<4xi32>) -> tensor<3x9x37xf32>
      hadal.yield %y : tensor<3x9x37xf32>
    })",
        {{{x, w, offsets}, {[&](int64_t i) {
            int64_t expert = i / (rows * columns), row = i / columns % rows, column = i % columns;
            int64_t first = int64_t(offsets.data[expert]), end = int64_t(offsets.data[expert + 1]);
            return multiply(
                end - first, [&](int64_t k) { return float(x.at(first + k, row)); },
                [&](int64_t k) { return float(w.at(first + k, column)); });
          }}}});
}

// What stands behind the product knows denormals: a product that is flushed to zero is added to one.
TEST_F(StepsTest, EpiloguesKeepDenormals) {
  Tensor x({rows, 40}, double(0x1p-80f)), w({columns, 40}, double(0x1p-80f)), residual({rows, columns}, 0x1p-140);
  check(R"(
    hadal.kernel contraction @linear(%x: tensor<9x40xbf16>, %w: tensor<37x40xbf16>, %r: tensor<9x37xf32>) -> tensor<9x37xf32> {
      %y = hadal.linear %x weights(%w : tensor<37x40xbf16>) : tensor<9x40xbf16> -> tensor<9x37xf32>
      %s = arith.addf %r, %y : tensor<9x37xf32>
      hadal.yield %s : tensor<9x37xf32>
    })",
        {{{x, w, residual}, {[](int64_t) { return 0x1p-140f; }}}});
}

} // namespace
