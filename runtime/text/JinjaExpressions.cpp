// Expressions, level by level as in jinja2.
#include "runtime/text/JinjaExpressions.h"

#include <charconv>
#include <cstdlib>

namespace hadal::jinja {

/// Levels of brackets, and of operations upon each other's results: `a.b.c` has three.
static constexpr size_t deepest = 100, highest = 200;

ExpressionParser::Level::Level(ExpressionParser &parser) : parser(parser) {
  if (++parser.depth > deepest) {
    --parser.depth;
    parser.source.fail(parser.token().place, "nested more than ", deepest, " levels deep");
  }
}

bool ExpressionParser::skipOperator(std::string_view text) { return isOperator(text) && ++next; }
bool ExpressionParser::skipName(std::string_view text) { return isName(text) && ++next; }

void ExpressionParser::expectOperator(std::string_view text) {
  if (!skipOperator(text))
    unexpected(concat("'", text, "'"));
}

std::string ExpressionParser::expectName(std::string_view what) {
  if (token().kind != TokenKind::Name)
    unexpected(what);
  return tokens[next++].text;
}

void ExpressionParser::unexpected(std::string_view wanted) const {
  switch (token().kind) {
  case TokenKind::VariableEnd:
  case TokenKind::BlockEnd:
    source.fail(token().place, "expected ", wanted, ", but the tag ends here");
  case TokenKind::End:
    source.fail(token().place, "expected ", wanted, ", but the template ends here");
  case TokenKind::String:
    source.fail(token().place, "expected ", wanted, " instead of a string");
  default:
    source.fail(token().place, "expected ", wanted, " instead of '", token().text, "'");
  }
}

ExpressionPointer ExpressionParser::make(ExpressionKind kind, size_t place, std::string text) {
  return std::make_unique<Expression>(Expression{.kind = kind, .place = place, .text = std::move(text)});
}

template <class... Parts>
ExpressionPointer ExpressionParser::join(ExpressionKind kind, size_t place, std::string text, Parts... parts) {
  ExpressionPointer result = make(kind, place, std::move(text));
  (result->parts.push_back(std::move(parts)), ...);
  for (const ExpressionPointer &part : result->parts)
    result->height = std::max(result->height, part->height + 1);
  if (result->height > highest)
    source.fail(place, "an expression of more than ", highest, " operations upon each other's results");
  return result;
}

ExpressionPointer ExpressionParser::parseExpression() {
  Level level(*this);
  ExpressionPointer value = parseOr();
  while (isName("if")) {
    size_t place = tokens[next++].place;
    ExpressionPointer condition = parseOr();
    value = join(ExpressionKind::Conditional, place, "", std::move(condition), std::move(value));
    if (skipName("else"))
      value->parts.push_back(parseExpression());
  }
  return value;
}

ExpressionPointer ExpressionParser::parseTuple() {
  size_t place = token().place;
  ExpressionPointer first = parseExpression();
  if (!isOperator(","))
    return first;
  ExpressionPointer tuple = join(ExpressionKind::Tuple, place, "", std::move(first));
  while (skipOperator(",") && token().kind != TokenKind::VariableEnd && token().kind != TokenKind::BlockEnd)
    tuple->parts.push_back(parseExpression());
  return tuple;
}

ExpressionPointer ExpressionParser::parseOr() {
  ExpressionPointer left = parseAnd();
  while (isName("or")) {
    size_t place = tokens[next++].place;
    left = join(ExpressionKind::Or, place, "", std::move(left), parseAnd());
  }
  return left;
}

ExpressionPointer ExpressionParser::parseAnd() {
  ExpressionPointer left = parseNot();
  while (isName("and")) {
    size_t place = tokens[next++].place;
    left = join(ExpressionKind::And, place, "", std::move(left), parseNot());
  }
  return left;
}

ExpressionPointer ExpressionParser::parseNot() {
  if (!isName("not"))
    return parseComparison();
  Level level(*this);
  size_t place = tokens[next++].place;
  return join(ExpressionKind::Not, place, "", parseNot());
}

ExpressionPointer ExpressionParser::parseComparison() {
  ExpressionPointer left = parseSum();
  for (bool isFirst = true;; isFirst = false) {
    size_t place = token().place;
    std::string name;
    for (std::string_view candidate : {"==", "!=", "<=", ">=", "<", ">"})
      if (name.empty() && skipOperator(candidate))
        name = candidate;
    if (name.empty() && isName("not") && tokens[next + 1].kind == TokenKind::Name && tokens[next + 1].text == "in") {
      next += 2;
      name = "not in";
    } else if (name.empty() && skipName("in")) {
      name = "in";
    }
    if (name.empty())
      return left;
    if (!isFirst)
      source.fail(place, "comparisons in a chain are not supported; join them by 'and'");
    left = join(ExpressionKind::Comparison, place, name, std::move(left), parseSum());
  }
}

ExpressionPointer ExpressionParser::parseBinary(std::initializer_list<std::string_view> operators,
                                                ExpressionPointer (ExpressionParser::*parseOperand)()) {
  ExpressionPointer left = (this->*parseOperand)();
  for (;;) {
    auto found = std::ranges::find_if(operators, [&](std::string_view name) { return isOperator(name); });
    if (found == operators.end())
      return left;
    size_t place = tokens[next++].place;
    left = join(ExpressionKind::Binary, place, std::string(*found), std::move(left), (this->*parseOperand)());
  }
}

ExpressionPointer ExpressionParser::parseSum() {
  return parseBinary({"+", "-"}, &ExpressionParser::parseConcatenation);
}
ExpressionPointer ExpressionParser::parseConcatenation() { return parseBinary({"~"}, &ExpressionParser::parseProduct); }
ExpressionPointer ExpressionParser::parseProduct() {
  return parseBinary({"*", "/", "//", "%"}, &ExpressionParser::parsePower);
}
ExpressionPointer ExpressionParser::parsePower() { return parseBinary({"**"}, &ExpressionParser::parseUnary); }

ExpressionPointer ExpressionParser::parseUnary(bool withFilters) {
  ExpressionPointer value;
  if (isOperator("-") || isOperator("+")) {
    Level level(*this);
    const Token &sign = tokens[next++];
    value = join(ExpressionKind::Unary, sign.place, sign.text, parseUnary(false));
  } else {
    value = parsePrimary();
  }
  value = parsePostfix(std::move(value));
  return withFilters ? parseFilters(std::move(value)) : std::move(value);
}

ExpressionPointer ExpressionParser::parseNumber() {
  const Token &number = tokens[next++];
  bool isFloat = number.kind == TokenKind::Float;
  ExpressionPointer result = make(isFloat ? ExpressionKind::Float : ExpressionKind::Integer, number.place);
  if (isFloat) {
    result->number = std::strtod(number.text.c_str(), nullptr); // too large: infinite, as in Python
    return result;
  }
  const char *begin = number.text.data(), *end = begin + number.text.size();
  if (std::from_chars(begin, end, result->integer).ec != std::errc())
    source.fail(number.place, "the number ", number.text, " is too large; integers have 64 bits");
  return result;
}

ExpressionPointer ExpressionParser::parsePrimary() {
  size_t place = token().place;
  switch (token().kind) {
  case TokenKind::Integer:
  case TokenKind::Float:
    return parseNumber();
  case TokenKind::String: {
    ExpressionPointer string = make(ExpressionKind::String, place);
    while (token().kind == TokenKind::String)
      string->text += tokens[next++].text;
    return string;
  }
  case TokenKind::Name: {
    std::string name = tokens[next++].text;
    bool isTrue = name == "true" || name == "True";
    if (isTrue || name == "false" || name == "False") {
      ExpressionPointer boolean = make(ExpressionKind::Boolean, place);
      boolean->integer = isTrue;
      return boolean;
    }
    if (name == "none" || name == "None")
      return make(ExpressionKind::None, place);
    return make(ExpressionKind::Name, place, name);
  }
  default:
    break;
  }
  Level level(*this);
  if (skipOperator("[")) {
    ExpressionPointer list = make(ExpressionKind::List, place);
    parseItems(*list, "]");
    return list;
  }
  if (skipOperator("{")) {
    ExpressionPointer dictionary = make(ExpressionKind::Dictionary, place);
    parseEntries(*dictionary);
    return dictionary;
  }
  if (!skipOperator("("))
    unexpected("a value");
  if (skipOperator(")"))
    return make(ExpressionKind::Tuple, place);
  ExpressionPointer first = parseExpression();
  if (skipOperator(")"))
    return first;
  expectOperator(",");
  ExpressionPointer tuple = join(ExpressionKind::Tuple, place, "", std::move(first));
  parseItems(*tuple, ")");
  return tuple;
}

void ExpressionParser::parseItems(Expression &list, std::string_view end) {
  while (!skipOperator(end)) {
    list.parts.push_back(parseExpression());
    if (!isOperator(end))
      expectOperator(",");
  }
}

void ExpressionParser::parseEntries(Expression &dictionary) {
  while (!skipOperator("}")) {
    dictionary.parts.push_back(parseExpression());
    expectOperator(":");
    dictionary.parts.push_back(parseExpression());
    if (!isOperator("}"))
      expectOperator(",");
  }
}

ExpressionPointer ExpressionParser::parsePostfix(ExpressionPointer value) {
  for (;;) {
    size_t place = token().place;
    if (skipOperator(".")) {
      if (token().kind == TokenKind::Integer) {
        value = join(ExpressionKind::Subscript, place, "", std::move(value), parseNumber());
        continue;
      }
      std::string name = expectName("the name of an attribute");
      value = join(ExpressionKind::Attribute, place, name, std::move(value));
    } else if (skipOperator("[")) {
      value = parseSubscript(std::move(value), place);
    } else if (isOperator("(")) {
      value = join(ExpressionKind::Call, place, "", std::move(value));
      parseArguments(*value);
    } else {
      return value;
    }
  }
}

ExpressionPointer ExpressionParser::parseSubscript(ExpressionPointer value, size_t place) {
  Level level(*this);
  std::vector<ExpressionPointer> bounds(1);
  while (!isOperator("]")) {
    if (isOperator(",") || bounds.size() > 3)
      unexpected("']'");
    if (skipOperator(":")) {
      bounds.emplace_back();
      continue;
    }
    if (bounds.back())
      unexpected("']'");
    bounds.back() = parseExpression();
  }
  if (bounds.size() == 1 && !bounds[0])
    unexpected("an index");
  expectOperator("]");
  if (bounds.size() == 1)
    return join(ExpressionKind::Subscript, place, "", std::move(value), std::move(bounds[0]));
  bounds.resize(3);
  for (ExpressionPointer &bound : bounds)
    if (!bound)
      bound = make(ExpressionKind::None, place);
  return join(ExpressionKind::Slice, place, "", std::move(value), std::move(bounds[0]), std::move(bounds[1]),
              std::move(bounds[2]));
}

void ExpressionParser::parseArguments(Expression &call) {
  Level level(*this);
  expectOperator("(");
  while (!skipOperator(")")) {
    if (isOperator("*") || isOperator("**"))
      source.fail(token().place, "arguments by '*' and '**' are not supported");
    const Token &equals = tokens[std::min(next + 1, tokens.size() - 1)];
    if (token().kind == TokenKind::Name && equals.kind == TokenKind::Operator && equals.text == "=") {
      std::string name = token().text;
      next += 2;
      call.named.emplace_back(name, parseExpression());
    } else {
      if (!call.named.empty())
        source.fail(token().place, "an argument without a name follows one with a name");
      call.parts.push_back(parseExpression());
    }
    if (!isOperator(")"))
      expectOperator(",");
  }
}

ExpressionPointer ExpressionParser::parseFilters(ExpressionPointer value) {
  for (;;) {
    size_t place = token().place;
    if (skipOperator("|")) {
      value = join(ExpressionKind::Filter, place, expectName("the name of a filter"), std::move(value));
      if (isOperator("("))
        parseArguments(*value);
    } else if (skipName("is")) {
      value = parseTest(std::move(value), place);
    } else if (isOperator("(")) {
      value = join(ExpressionKind::Call, place, "", std::move(value));
      parseArguments(*value);
    } else {
      return value;
    }
  }
}

ExpressionPointer ExpressionParser::parseTest(ExpressionPointer value, size_t place) {
  bool isNegated = skipName("not");
  ExpressionPointer test = join(ExpressionKind::Test, place, expectName("the name of a test"), std::move(value));
  bool isArgument = token().kind == TokenKind::String || token().kind == TokenKind::Integer ||
                    token().kind == TokenKind::Float || isOperator("[") || isOperator("{");
  if (token().kind == TokenKind::Name)
    isArgument = !isName("else") && !isName("or") && !isName("and") && !isName("is") && !isName("if") &&
                 !isName("in") && !isName("not");
  if (isOperator("("))
    parseArguments(*test);
  else if (isArgument)
    test->parts.push_back(parsePostfix(parsePrimary()));
  return isNegated ? join(ExpressionKind::Not, place, "", std::move(test)) : std::move(test);
}

} // namespace hadal::jinja
