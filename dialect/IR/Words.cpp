//===- Words.cpp - the words that several parts of the compiler know ----------------------------------------------===//
//
// Accessors, and the verification of every attribute of the dialect that stands on an operation, an argument or a
// result. It looks at the attribute and at what it stands on; whether a symbol exists is asked by the passes that look
// it up.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Encoding.h"
#include "dialect/IR/Hadal.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace hadal;

//===--------------------------------------------------------------------------------------------------------------===//
// Accessors
//===--------------------------------------------------------------------------------------------------------------===//

/// The enumerators of a generated enumeration, which are numbered from 0 on.
template <typename Enum> static SmallVector<Enum> enumerators(std::optional<Enum> (*symbolize)(uint32_t)) {
  SmallVector<Enum> all;
  for (uint32_t number = 0; std::optional<Enum> value = symbolize(number); ++number)
    all.push_back(*value);
  return all;
}

ArrayRef<ArgumentRole> hadal::getArgumentRoles() {
  static const SmallVector<ArgumentRole> roles = enumerators<ArgumentRole>(symbolizeArgumentRole);
  return roles;
}

StringRef hadal::getRoleAttrName(ArgumentRole role) {
  static const SmallVector<std::string> names = llvm::map_to_vector(
      getArgumentRoles(), [](ArgumentRole role) { return ("hadal." + stringifyArgumentRole(role)).str(); });
  return names[unsigned(role)];
}

/// The name that an attribute gives, a symbol or a string; "" when it is neither.
static StringRef getName(Attribute attribute) {
  if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute))
    return symbol.getValue();
  auto string = dyn_cast<StringAttr>(attribute);
  return string ? string.getValue() : "";
}

std::optional<ArgumentMeaning> hadal::getArgumentMeaning(FunctionOpInterface function, unsigned argument) {
  for (ArgumentRole role : getArgumentRoles())
    if (Attribute name = function.getArgAttr(argument, getRoleAttrName(role)))
      return ArgumentMeaning{role, getName(name)};
  return std::nullopt;
}

FlatSymbolRefAttr hadal::getRoleSymbol(FunctionOpInterface function, unsigned argument, ArgumentRole role) {
  return function.getArgAttrOfType<FlatSymbolRefAttr>(argument, getRoleAttrName(role));
}

FlatSymbolRefAttr hadal::getLoadedParameter(FunctionOpInterface entry) {
  return entry->getAttrOfType<FlatSymbolRefAttr>(loadsAttrName);
}

FlatSymbolRefAttr hadal::getPackedResult(FunctionOpInterface entry, unsigned result) {
  return entry.getResultAttrOfType<FlatSymbolRefAttr>(result, getRoleAttrName(ArgumentRole::Packed));
}

StringAttr hadal::getResultName(FunctionOpInterface function, unsigned result) {
  return function.getResultAttrOfType<StringAttr>(result, resultAttrName);
}

std::optional<unsigned> hadal::getTiedArgument(FunctionOpInterface function, unsigned result) {
  auto tied = function.getResultAttrOfType<IntegerAttr>(result, tiedAttrName);
  return tied ? std::optional<unsigned>(tied.getInt()) : std::nullopt;
}

llvm::Expected<Precision> hadal::parsePrecision(StringRef name) {
  if (std::optional<Precision> precision = symbolizePrecision(name))
    return *precision;
  auto known = enumerators<Precision>(symbolizePrecision);
  auto names = llvm::map_range(known, stringifyPrecision);
  return llvm::createStringError("unknown precision '" + name + "'; known precisions: " + llvm::join(names, ", "));
}

FloatType hadal::getPrecisionType(Precision precision, MLIRContext *context) {
  switch (precision) {
  case Precision::F32:
    return Float32Type::get(context);
  case Precision::BF16:
    return BFloat16Type::get(context);
  }
  llvm_unreachable("all precisions are handled");
}

//===--------------------------------------------------------------------------------------------------------------===//
// Attributes of operations
//===--------------------------------------------------------------------------------------------------------------===//

namespace {
/// What the value of an attribute is.
enum class Form { String, Number, Unit, Strings };

struct KnownAttribute {
  StringLiteral name;
  Form form;
};
} // namespace

static constexpr KnownAttribute moduleAttributes[] = {{programAttrName, Form::String},
                                                      {precisionAttrName, Form::String},
                                                      {tokensAheadAttrName, Form::Number},
                                                      {modelAttrName, Form::String},
                                                      {vocabularyAttrName, Form::Number},
                                                      {configAttrName, Form::String},
                                                      {configReasonAttrName, Form::String},
                                                      {storedWeightsAttrName, Form::String},
                                                      {unreadParametersAttrName, Form::Strings},
                                                      {weightsAttrName, Form::String},
                                                      {targetAttrName, Form::String},
                                                      {boardAttrName, Form::String},
                                                      {emulateAttrName, Form::Unit},
                                                      {cpuAttrName, Form::String},
                                                      {versionAttrName, Form::String},
                                                      {bufferAlignmentAttrName, Form::Number}};
static constexpr KnownAttribute operationAttributes[] = {{aliasesAttrName, Form::Strings},
                                                         {tokensAheadAttrName, Form::Number}};

/// What an attribute of the form is called, and whether the value is one.
static std::pair<StringRef, bool> judge(Form form, Attribute value) {
  switch (form) {
  case Form::String:
    return {"a string", isa<StringAttr>(value)};
  case Form::Number: {
    auto number = dyn_cast<IntegerAttr>(value);
    return {"a whole number from 1 up",
            number && number.getValue().isSignedIntN(64) && number.getValue().getSExtValue() >= 1};
  }
  case Form::Unit:
    return {"an attribute without a value", isa<UnitAttr>(value)};
  case Form::Strings: {
    auto strings = dyn_cast<ArrayAttr>(value);
    return {"a list of strings", strings && llvm::all_of(strings, llvm::IsaPred<StringAttr>)};
  }
  }
  llvm_unreachable("all forms are handled");
}

/// A word of the program or the precision that is not known.
static LogicalResult verifyWord(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  auto word = dyn_cast<StringAttr>(attribute.getValue());
  bool isKnown = (name != programAttrName || symbolizeKnownProgram(word.getValue())) &&
                 (name != precisionAttrName || symbolizePrecision(word.getValue())) &&
                 (name != weightsAttrName || symbolizeWeightForm(word.getValue()));
  if (isKnown)
    return success();
  return op->emitError("the attribute ") << name << " names " << word << ", which is unknown";
}

static LogicalResult verifyRoundedResults(Operation *op, Attribute value) {
  auto numbers = dyn_cast<DenseI64ArrayAttr>(value);
  if (!isa<ProductOpInterface>(op) || !numbers)
    return op->emitError("the attribute ") << roundedResultsAttrName << " lists results of a product by their numbers";
  for (int64_t number : numbers.asArrayRef())
    if (number < 0 || number >= op->getNumResults())
      return op->emitError("the attribute ")
             << roundedResultsAttrName << " lists result " << number << " of " << op->getNumResults();
  return success();
}

/// An entry point that ends the loading of a parameter reads it, perhaps beside parameters that are there before, and
/// yields packed forms of it.
static LogicalResult verifyLoads(Operation *op, Attribute value) {
  auto entry = dyn_cast<FunctionOpInterface>(op);
  auto parameter = dyn_cast<FlatSymbolRefAttr>(value);
  if (!entry || !parameter)
    return op->emitError("the attribute ") << loadsAttrName << " of an entry point names a parameter, not " << value;
  for (unsigned argument = 0; argument < entry.getNumArguments(); ++argument)
    if (FlatSymbolRefAttr read = getRoleSymbol(entry, argument, ArgumentRole::Parameter);
        !read || (argument == 0 && read != parameter))
      return op->emitError("argument ") << argument << " of an entry point that loads " << parameter
                                        << " is something else: it reads that parameter first, and parameters alone";
  for (unsigned result = 0; result < entry.getNumResults(); ++result)
    if (getPackedResult(entry, result) != parameter)
      return op->emitError("result ") << result << " of an entry point that loads " << parameter
                                      << " is no packed form of it (" << getRoleAttrName(ArgumentRole::Packed) << ")";
  return success();
}

LogicalResult HadalDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  if (name == loadsAttrName)
    return verifyLoads(op, attribute.getValue());
  if (name == roundedResultsAttrName)
    return verifyRoundedResults(op, attribute.getValue());
  bool isOfModule = isa<ModuleOp>(op);
  ArrayRef<KnownAttribute> known = isOfModule ? ArrayRef(moduleAttributes) : ArrayRef(operationAttributes);
  const auto *found = llvm::find_if(known, [&](const KnownAttribute &entry) { return entry.name == name; });
  if (found == known.end())
    return op->emitError("the dialect has no attribute ") << name << (isOfModule ? " of a module" : " of an operation");
  if (auto [form, fits] = judge(found->form, attribute.getValue()); !fits)
    return op->emitError("the attribute ") << name << " is " << form << ", not " << attribute.getValue();
  return isOfModule ? verifyWord(op, attribute) : success();
}

//===--------------------------------------------------------------------------------------------------------------===//
// Attributes of arguments and results
//===--------------------------------------------------------------------------------------------------------------===//

/// Whether an entry point makes the new value of a parameter.
static bool writesParameter(FunctionOpInterface entry, Attribute parameter) {
  return llvm::any_of(llvm::seq(entry.getNumResults()), [&](unsigned result) {
    std::optional<unsigned> tied = getTiedArgument(entry, result);
    return tied && *tied < entry.getNumArguments() && getRoleSymbol(entry, *tied, ArgumentRole::Parameter) == parameter;
  });
}

/// States go by a symbol or, where kernels are launched alone, by a string.
static bool isName(ArgumentRole role, Attribute value) {
  if (getName(value).empty())
    return false;
  if (role == ArgumentRole::State)
    return true;
  bool isString = role == ArgumentRole::Input || role == ArgumentRole::Scalar;
  return isString == isa<StringAttr>(value);
}

LogicalResult HadalDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned argument,
                                                     NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  if (name == valueAttrName || name == rangeAttrName)
    return success();
  auto complain = [&]() -> InFlightDiagnostic {
    InFlightDiagnostic diagnostic = op->emitError("argument ") << argument;
    if (auto symbol = dyn_cast<SymbolOpInterface>(op))
      diagnostic << " of @" << symbol.getName();
    return diagnostic;
  };
  const ArgumentRole *role =
      llvm::find_if(getArgumentRoles(), [&](ArgumentRole role) { return getRoleAttrName(role) == name; });
  if (role == getArgumentRoles().end())
    return complain() << " has the attribute " << name << ", which the dialect does not have";
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return complain() << " has the attribute " << name << ", and is none of a function";
  for (ArgumentRole other : getArgumentRoles())
    if (other != *role && function.getArgAttr(argument, getRoleAttrName(other)))
      return complain() << " says more than once what it is (" << getRoleAttrName(std::min(other, *role)) << ", "
                        << getRoleAttrName(std::max(other, *role)) << ")";
  if (!isName(*role, attribute.getValue()))
    return complain() << " says what it is by " << name << " = " << attribute.getValue() << ", which is no name";
  auto scalar = RankedTensorType::get({}, Float32Type::get(op->getContext()));
  Type type = function.getArgumentTypes()[argument];
  if (*role == ArgumentRole::Scalar && type != scalar)
    return complain() << " is " << type << "; a number that the runtime sets is " << scalar;
  if (*role != ArgumentRole::Packed && getLayout(type))
    return complain() << " is " << type << "; what is no packed form of a parameter lies row by row";
  return success();
}

LogicalResult HadalDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned result,
                                                        NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  auto complain = [&]() -> InFlightDiagnostic {
    InFlightDiagnostic diagnostic = op->emitError("result ") << result;
    if (auto symbol = dyn_cast<SymbolOpInterface>(op))
      diagnostic << " of @" << symbol.getName();
    return diagnostic;
  };
  auto function = dyn_cast<FunctionOpInterface>(op);
  StringRef packedAttrName = getRoleAttrName(ArgumentRole::Packed);
  if (!function || (name != resultAttrName && name != tiedAttrName && name != packedAttrName))
    return complain() << " has the attribute " << name << ", which the dialect does not have";
  if (name == packedAttrName) {
    if (!isa<FlatSymbolRefAttr>(attribute.getValue()))
      return complain() << " is a packed form of " << attribute.getValue() << ", which is no parameter";
    if (!getLoadedParameter(function) && !writesParameter(function, attribute.getValue()))
      return complain() << " is a packed form of a parameter, which entry points make that are run when it is loaded ("
                        << loadsAttrName << "), or that write it";
    return success();
  }
  if (function.getResultAttr(result, resultAttrName) && function.getResultAttr(result, tiedAttrName))
    return complain() << " is both read by its name and tied to an argument: it is one of them";
  if (name == resultAttrName) {
    if (!isa<StringAttr>(attribute.getValue()) || getName(attribute.getValue()).empty())
      return complain() << " is named by " << attribute.getValue() << ", which is no name";
    if (Type type = function.getResultTypes()[result]; getLayout(type))
      return complain() << " is " << type << "; what the runtime reads lies row by row";
    return success();
  }
  auto tied = dyn_cast<IntegerAttr>(attribute.getValue());
  if (!tied || !tied.getValue().isSignedIntN(32) || tied.getValue().getSExtValue() < 0 ||
      tied.getValue().getSExtValue() >= int64_t(function.getNumArguments()))
    return complain() << " is tied to argument " << attribute.getValue() << ", which does not exist";
  Type type = function.getResultTypes()[result], other = function.getArgumentTypes()[tied.getInt()];
  if (type != other)
    return complain() << " is tied to argument " << tied.getInt() << " of another type: " << type << " and " << other;
  return success();
}
