//===- EncodingTest.cpp - where the elements of an encoded tensor lie ---------------------------------------------===//
//
// Places and sizes in memory, counted by hand: panels, tiles of AMX (whose dimension is cut twice), bounds.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Encoding.h"
#include "dialect/IR/Hadal.h"
#include "mlir/AsmParser/AsmParser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace hadal;

namespace {

class EncodingTest : public testing::Test {
protected:
  EncodingTest() { context.loadDialect<HadalDialect>(); }
  RankedTensorType type(StringRef text) { return cast<RankedTensorType>(parseType(text, &context)); }
  int64_t place(RankedTensorType type, ArrayRef<int64_t> indices) {
    return getElementPlace(getMemoryDimensions(type), indices);
  }
  MLIRContext context;
};

TEST_F(EncodingTest, PanelsHoldColumnsSideBySide) {
  auto panels = type("tensor<37x21xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [8, 16]>>>");
  // Three parts of the depth, three panels in each, 8 by 16 elements in a panel.
  EXPECT_EQ(getMemorySize(panels), 3 * 3 * 8 * 16);
  EXPECT_EQ(getByteSize(panels), 3 * 3 * 8 * 16 * 4);
  EXPECT_EQ(place(panels, {0, 0}), 0);
  EXPECT_EQ(place(panels, {1, 0}), 1);
  EXPECT_EQ(place(panels, {0, 1}), 16);
  EXPECT_EQ(place(panels, {16, 0}), 8 * 16);
  EXPECT_EQ(place(panels, {0, 8}), 3 * 8 * 16);
  EXPECT_EQ(place(panels, {36, 20}), (2 * 3 + 2) * 8 * 16 + 4 * 16 + 4);
}

TEST_F(EncodingTest, ADimensionMayBeCutTwice) {
  // Tiles of 16 pairs of the depth by 16 columns.
  auto tiles = type("tensor<20x40xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], "
                    "tiles = [16, 16, 2]>>>");
  EXPECT_EQ(getByteSize(tiles), 2 * 2 * 16 * 16 * 2 * 2);
  EXPECT_EQ(place(tiles, {0, 1}), 1);
  EXPECT_EQ(place(tiles, {1, 0}), 2);
  EXPECT_EQ(place(tiles, {0, 2}), 16 * 2);
  EXPECT_EQ(place(tiles, {0, 32}), 16 * 16 * 2);
  EXPECT_EQ(place(tiles, {16, 0}), 2 * 16 * 16 * 2);
}

TEST_F(EncodingTest, OpenLengthsAreAsLongAsTheirBounds) {
  auto bounded = type("tensor<2x?x3xf32, #hadal.encoding<bounds = [<\"tokens\", 5>]>>");
  EXPECT_TRUE(isBounded(bounded));
  EXPECT_FALSE(isBounded(type("tensor<2x?x3xf32>")));
  EXPECT_EQ(getBoundedShape(bounded), (SmallVector<int64_t>{2, 5, 3}));
  EXPECT_EQ(getByteSize(bounded), 2 * 5 * 3 * 4);
  EXPECT_EQ(getStrides(bounded), (SmallVector<int64_t>{15, 3, 1}));
  auto turned = withLayout(bounded, LayoutAttr::get(&context, {2, 0, 1}, {}, {}));
  EXPECT_EQ(getBounds(turned), getBounds(bounded));
  EXPECT_EQ(place(turned, {1, 4, 2}), 2 * 10 + 5 + 4);
  EXPECT_EQ(withLayout(turned, {}), bounded);
  EXPECT_FALSE(isEncoded(withoutEncoding(turned)));
}

} // namespace
