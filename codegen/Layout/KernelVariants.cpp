//===- KernelVariants.cpp - a kernel on tensors that lie otherwise ------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Layout/KernelVariants.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Selection/Select.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/KernelParts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace hadal;

std::string hadal::describeForm(RankedTensorType form, Type element) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  bool isNarrower = form.getElementType() != element;
  if (LayoutAttr layout = getLayout(form))
    llvm::interleave(layout.getTiles(), stream, "x");
  if (isNarrower)
    stream << (text.empty() ? "" : "_") << form.getElementType();
  return text;
}

/// The value in the form, at the builder's place: rounded, then packed.
static Value buildForm(OpBuilder &builder, Location loc, Value value, RankedTensorType form) {
  if (form.getElementType() != getElementTypeOrSelf(value.getType()))
    value = arith::TruncFOp::create(builder, loc, withLayout(form, {}), value);
  return getLayout(form) ? PackOp::create(builder, loc, form, value).getResult() : value;
}

OwningOpRef<KernelOp> hadal::makeVariant(KernelOp kernel, const KernelChange &change) {
  OwningOpRef<KernelOp> variant(kernel.clone());
  Block &body = variant->getBody().front();
  std::string name = variant->getSymName().str();
  auto rename = [&](StringRef what, ArrayRef<FormOf> forms, TypeRange types) {
    for (auto [index, form] : llvm::enumerate(forms)) {
      auto type = cast<RankedTensorType>(types[form.number]);
      name += (index == 0 ? "_" + what + "_" : Twine("_")).str() + describeForm(form.type, type.getElementType());
    }
  };
  rename("packed", change.arguments, kernel.getArgumentTypes());
  rename("copied", change.copies, kernel.getResultTypes());
  variant->setSymName(name);
  for (const FormOf &argument : change.arguments)
    body.getArgument(argument.number).setType(argument.type);
  Operation *terminator = body.getTerminator();
  OpBuilder builder(terminator);
  SmallVector<Value> yielded(terminator->getOperands());
  for (const FormOf &copy : change.copies) {
    Value result = terminator->getOperand(copy.number);
    yielded.push_back(buildForm(builder, result.getLoc(), result, copy.type));
  }
  terminator->setOperands(yielded);
  variant->setFunctionType(
      FunctionType::get(kernel.getContext(), body.getArgumentTypes(), TypeRange(ValueRange(yielded))));
  if (!change.copies.empty())
    variant->removeResAttrsAttr();
  variant->removeConfigurationAttr();
  variant->removeWorkspaceAttr();
  if (variant->getParts())
    variant->setPartsAttr(KernelParts::derive(*variant).toAttribute(*variant));
  return variant;
}

OwningOpRef<KernelOp> hadal::makeMovement(Location loc, RankedTensorType rows, RankedTensorType form) {
  std::string name = getLayout(form) ? "pack_" : "truncf_";
  llvm::raw_string_ostream stream(name);
  llvm::interleave(rows.getShape(), stream, "x");
  stream << "_" << describeForm(form, rows.getElementType());
  OpBuilder builder(rows.getContext());
  Type argument = rows, result = form;
  auto kind = getLayout(form) ? KernelKind::Packing : KernelKind::Rowwise;
  OwningOpRef<KernelOp> kernel =
      KernelOp::create(builder, loc, name, builder.getFunctionType(argument, result), kind, /*arg_attrs=*/ArrayAttr(),
                       /*res_attrs=*/ArrayAttr(), /*parts=*/KernelPartsAttr(), /*configuration=*/DictionaryAttr(),
                       /*workspace=*/IntegerAttr());
  Block &block = kernel->getBody().emplaceBlock();
  builder.setInsertionPointToStart(&block);
  Value moved = buildForm(builder, loc, block.addArgument(argument, loc), form);
  YieldOp::create(builder, loc, moved);
  kernel->setPartsAttr(KernelParts::derive(*kernel).toAttribute(*kernel));
  return kernel;
}

std::optional<double> KernelTimes::predict(KernelOp kernel) {
  Refusals refusals;
  SmallVector<Proposal> proposals = propose(KernelAnatomy(kernel), target, refusals);
  if (proposals.empty() || proposals.front().candidates.empty())
    return std::nullopt;
  return proposals.front().candidates.front().time.total;
}

std::optional<double> KernelTimes::secondsOf(KernelOp kernel, const KernelChange &change) {
  auto [known, isNew] = times.try_emplace({kernel.getOperation(), change});
  if (isNew)
    known->second = change.isEmpty() ? predict(kernel) : predict(*makeVariant(kernel, change));
  return known->second;
}

std::optional<double> KernelTimes::secondsOfMovement(RankedTensorType from, RankedTensorType to) {
  auto [known, isNew] = movements.try_emplace({from.getAsOpaquePointer(), to.getAsOpaquePointer()});
  if (isNew)
    known->second = predict(*makeMovement(UnknownLoc::get(from.getContext()), from, to));
  return known->second;
}

/// Whether whatever reads the argument in the kernel's body may be given it in another layout than rows.
static bool mayBeEncoded(KernelOp kernel, unsigned argument) {
  return llvm::all_of(kernel.getArgument(argument).getUses(), [](OpOperand &use) {
    auto reader = dyn_cast<EncodedTensorsOpInterface>(use.getOwner());
    return reader && reader.takesEncoding(use.getOperandNumber());
  });
}

ArrayRef<RankedTensorType> KernelTimes::readableForms(KernelOp kernel, unsigned argument) {
  auto [known, isNew] = forms.try_emplace({kernel.getOperation(), argument});
  if (!isNew)
    return known->second;
  KernelAnatomy anatomy(kernel);
  auto type = dyn_cast<RankedTensorType>(kernel.getArgumentTypes()[argument]);
  if (!type || getLayout(type) || !mayBeEncoded(kernel, argument))
    return {};
  for (const KernelStrategy *strategy : findStrategies(target, anatomy))
    for (LayoutAttr layout : strategy->getReadableLayouts(anatomy, argument, target)) {
      KernelChange change;
      change.arguments.push_back({argument, withLayout(type, layout)});
      RankedTensorType form = change.arguments.front().type;
      if (!llvm::is_contained(known->second, form) && secondsOf(kernel, change))
        known->second.push_back(form);
    }
  return known->second;
}
