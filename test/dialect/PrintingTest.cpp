//===- PrintingTest.cpp - printing leaves operations as they are --------------------------------------------------===//
//
// Operations are printed from diagnostics, debuggers and threads while others look at them: a printer that takes
// attributes away and puts them back is seen to do so by a stream that looks at the operation while it is written to.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace hadal;

namespace {

/// A stream that compares an operation's attributes with what they were, at every byte.
class WatchingStream : public llvm::raw_ostream {
public:
  explicit WatchingStream(Operation *op) : raw_ostream(/*unbuffered=*/true), op(op), before(op->getAttrDictionary()) {}
  bool changed = false;
  std::string text;

private:
  void write_impl(const char *data, size_t size) override {
    text.append(data, size);
    changed |= op->getAttrDictionary() != before;
  }
  uint64_t current_pos() const override { return text.size(); }

  Operation *op;
  DictionaryAttr before;
};

TEST(PrintingTest, NoOperationChanges) {
  MLIRContext context;
  context.loadDialect<HadalDialect, func::FuncDialect>();
  constexpr StringLiteral source = R"(
    hadal.kernel rowwise @k(%x: tensor<4x8xf32> {hadal.range = [0, 1]}) -> tensor<4x8xf32> attributes {workspace = 64 : i64} {
      %y = arith.addf %x, %x : tensor<4x8xf32>
      hadal.yield %y : tensor<4x8xf32>
    }
    hadal.model @m(%window: tensor<?x?xi32>) attributes {context_length = 8 : i64} {
      %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
      %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
      %2 = hadal.cross_entropy %1, %0 "h" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
      hadal.losses main(%2)
    }
    hadal.parameter @w normal {std = 0.5} : tensor<8xf32>
  )";
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, &context);
  ASSERT_TRUE(module);
  module->walk([](Operation *op) {
    WatchingStream stream(op);
    op->print(stream);
    EXPECT_FALSE(stream.changed) << stream.text;
  });
  // And what is printed is what was parsed.
  std::string text, again;
  llvm::raw_string_ostream(text) << *module;
  EXPECT_NE(text.find("hadal.kernel rowwise @k("), std::string::npos) << text;
  OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(parsed);
  llvm::raw_string_ostream(again) << *parsed;
  EXPECT_EQ(text, again);
}

} // namespace
