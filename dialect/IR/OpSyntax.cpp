//===- OpSyntax.cpp - custom directives of the operations' syntax -------------------------------------------------===//
//
// Parsers and printers declared in OpSyntax.h.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/OpSyntax.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

OptionalParseResult hadal::parseParameters(OpAsmParser &parser, ArrayAttr &parameters,
                                           SmallVectorImpl<OpAsmParser::UnresolvedOperand> &weights,
                                           SmallVectorImpl<Type> &weightTypes) {
  if (succeeded(parser.parseOptionalKeyword("weights")))
    return ParseResult(failure(parser.parseLParen() || parser.parseOperandList(weights) ||
                               parser.parseColonTypeList(weightTypes) || parser.parseRParen()));
  SmallVector<Attribute> names;
  std::string name;
  if (failed(parser.parseOptionalString(&name)))
    return std::nullopt;
  names.push_back(parser.getBuilder().getStringAttr(name));
  while (succeeded(parser.parseOptionalComma())) {
    if (parser.parseString(&name))
      return ParseResult(failure());
    names.push_back(parser.getBuilder().getStringAttr(name));
  }
  parameters = parser.getBuilder().getArrayAttr(names);
  return ParseResult(success());
}

void hadal::printParameters(OpAsmPrinter &printer, Operation *, ArrayAttr parameters, OperandRange weights,
                            TypeRange weightTypes) {
  if (!weights.empty()) {
    printer << "weights(" << weights << " : " << weightTypes << ")";
    return;
  }
  if (!parameters)
    return;
  llvm::interleaveComma(parameters, printer, [&](Attribute name) { printer << name; });
}

ParseResult hadal::parseSymbolList(OpAsmParser &parser, ArrayAttr &symbols) {
  SmallVector<Attribute> list;
  auto parseSymbol = [&]() -> ParseResult {
    StringAttr name;
    if (parser.parseSymbolName(name))
      return failure();
    list.push_back(FlatSymbolRefAttr::get(name));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, parseSymbol, " in the list of layer functions"))
    return failure();
  symbols = parser.getBuilder().getArrayAttr(list);
  return success();
}

void hadal::printSymbolList(OpAsmPrinter &printer, Operation *, ArrayAttr symbols) {
  printer << '{';
  llvm::interleaveComma(symbols, printer, [&](Attribute symbol) { printer.printAttribute(symbol); });
  printer << '}';
}

ParseResult hadal::parseLayersTypes(OpAsmParser &parser, Type &input, Type &output, SmallVectorImpl<Type> &losses) {
  if (parser.parseType(input))
    return failure();
  output = input;
  while (succeeded(parser.parseOptionalComma()))
    if (parser.parseType(losses.emplace_back()))
      return failure();
  return success();
}

void hadal::printLayersTypes(OpAsmPrinter &printer, Operation *, Type input, Type, TypeRange losses) {
  printer << input;
  for (Type loss : losses)
    printer << ", " << loss;
}

ParseResult hadal::parseMTPResults(OpAsmParser &parser, Type &loss, SmallVectorImpl<Type> &losses) {
  if (parser.parseArrow() || parser.parseType(loss))
    return failure();
  while (succeeded(parser.parseOptionalComma()))
    if (parser.parseType(losses.emplace_back()))
      return failure();
  return success();
}

void hadal::printMTPResults(OpAsmPrinter &printer, Operation *, Type loss, TypeRange losses) {
  printer << "-> " << loss;
  for (Type extra : losses)
    printer << ", " << extra;
}
