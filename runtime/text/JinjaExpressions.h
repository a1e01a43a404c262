// The parser of expressions, which the parser of statements is made on. A method for each level of binding, the loosest
// first; a filter or a test binds tighter than any operator, and an operator of comparison looser than arithmetic.
#ifndef HADAL_RUNTIME_TEXT_JINJAEXPRESSIONS_H
#define HADAL_RUNTIME_TEXT_JINJAEXPRESSIONS_H

#include "runtime/text/JinjaLexer.h"
#include "runtime/text/JinjaSyntax.h"

#include <initializer_list>

namespace hadal::jinja {

class ExpressionParser {
protected:
  explicit ExpressionParser(const Source &source) : source(source), tokens(tokenize(source)) {}

  const Token &token() const { return tokens[next]; }
  bool isOperator(std::string_view text) const { return is(TokenKind::Operator, text); }
  bool isName(std::string_view text) const { return is(TokenKind::Name, text); }
  bool skipOperator(std::string_view text);
  bool skipName(std::string_view text);
  void expectOperator(std::string_view text);
  std::string expectName(std::string_view what);
  [[noreturn]] void unexpected(std::string_view wanted) const;

  ExpressionPointer parseExpression();
  /// Without a condition: `for x in EXPRESSION if ...`.
  ExpressionPointer parseOr();
  /// An expression, or several that make a tuple.
  ExpressionPointer parseTuple();

  /// Guards against templates that are nested deeper than a stack is.
  class Level {
  public:
    explicit Level(ExpressionParser &parser);
    ~Level() { --parser.depth; }

  private:
    ExpressionParser &parser;
  };

  const Source &source;
  const std::vector<Token> tokens;
  size_t next = 0;

private:
  bool is(TokenKind kind, std::string_view text) const { return token().kind == kind && token().text == text; }
  ExpressionPointer make(ExpressionKind kind, size_t place, std::string text = {});
  template <class... Parts> ExpressionPointer join(ExpressionKind kind, size_t place, std::string text, Parts... parts);
  ExpressionPointer parseBinary(std::initializer_list<std::string_view> operators,
                                ExpressionPointer (ExpressionParser::*parseOperand)());
  ExpressionPointer parseAnd();
  ExpressionPointer parseNot();
  ExpressionPointer parseComparison();
  ExpressionPointer parseSum();
  ExpressionPointer parseConcatenation();
  ExpressionPointer parseProduct();
  ExpressionPointer parsePower();
  ExpressionPointer parseUnary() { return parseUnary(true); }
  ExpressionPointer parseUnary(bool withFilters);
  ExpressionPointer parsePrimary();
  ExpressionPointer parseNumber();
  ExpressionPointer parsePostfix(ExpressionPointer value);
  ExpressionPointer parseSubscript(ExpressionPointer value, size_t place);
  ExpressionPointer parseFilters(ExpressionPointer value);
  ExpressionPointer parseTest(ExpressionPointer value, size_t place);
  void parseArguments(Expression &call);
  void parseItems(Expression &list, std::string_view end);
  void parseEntries(Expression &dictionary);

  size_t depth = 0;
};

} // namespace hadal::jinja

#endif // HADAL_RUNTIME_TEXT_JINJAEXPRESSIONS_H
