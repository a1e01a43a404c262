// Statements.
#include "runtime/text/JinjaExpressions.h"

#include <array>
#include <optional>

namespace hadal::jinja {

namespace {

class Parser : ExpressionParser {
public:
  explicit Parser(const Source &source) : ExpressionParser(source) {}

  Body run() {
    Body body = parseBody({});
    if (token().kind != TokenKind::End)
      source.fail(token().place, "'", tokens[next + 1].text, "' ends nothing that has begun");
    return body;
  }

private:
  StatementPointer make(StatementKind kind, size_t place) {
    return std::make_unique<Statement>(Statement{.kind = kind, .place = place});
  }

  void endBlock() {
    if (token().kind != TokenKind::BlockEnd)
      unexpected("'%}'");
    ++next;
  }

  /// Whether a block begins here that ends or divides another.
  bool isDivider() const {
    const std::string &name = tokens[next + 1].text;
    return tokens[next + 1].kind == TokenKind::Name && (name.starts_with("end") || name == "else" || name == "elif");
  }

  /// Statements up to a block that divides or ends what they are in; it has to be one of those that are expected.
  Body parseBody(std::initializer_list<std::string_view> ends, size_t begin = 0) {
    Level level(*this);
    Body body;
    for (;;) {
      switch (token().kind) {
      case TokenKind::Data:
        body.push_back(make(StatementKind::Data, token().place));
        body.back()->text = tokens[next++].text;
        break;
      case TokenKind::VariableBegin:
        body.push_back(make(StatementKind::Print, tokens[next++].place));
        body.back()->value = parseTuple();
        if (token().kind != TokenKind::VariableEnd)
          unexpected("'}}'");
        ++next;
        break;
      case TokenKind::BlockBegin:
        if (!isDivider()) {
          body.push_back(parseBlock());
          break;
        }
        if (ends.size() > 0 && std::ranges::find(ends, tokens[next + 1].text) == ends.end())
          source.fail(token().place, "expected '", *(ends.end() - 1), "' instead of '", tokens[next + 1].text, "'");
        return body;
      default:
        if (ends.size() > 0)
          source.fail(begin, "this block has no end; expected '{% ", *(ends.end() - 1), " %}'");
        return body;
      }
    }
  }

  /// The name of the block that ended a body; what follows it is left.
  std::string takeEnd() {
    next += 2;
    return tokens[next - 1].text;
  }

  StatementPointer parseBlock() {
    size_t place = tokens[next++].place;
    std::string name = expectName("the name of a statement");
    if (name == "set")
      return parseSet(place);
    if (name == "if")
      return parseIf(place);
    if (name == "for")
      return parseFor(place);
    if (name == "macro")
      return parseMacro(place);
    if (name == "generation")
      return parseGeneration(place);
    if (name != "break" && name != "continue")
      source.fail(place, "the statement '", name,
                  "' is not supported; supported are set, if, for, macro, break, continue and generation");
    if (loops == 0)
      source.fail(place, "'", name, "' outside of a loop");
    endBlock();
    return make(name == "break" ? StatementKind::Break : StatementKind::Continue, place);
  }

  std::vector<Target> parseTargets() {
    std::vector<Target> targets;
    bool isBracketed = skipOperator("(");
    do {
      targets.push_back({expectName("a name"), ""});
      if (skipOperator("."))
        targets.back().attribute = expectName("the name of an attribute");
    } while (skipOperator(","));
    if (isBracketed)
      expectOperator(")");
    return targets;
  }

  StatementPointer parseSet(size_t place) {
    StatementPointer set = make(StatementKind::Set, place);
    set->targets = parseTargets();
    if (skipOperator("=")) {
      set->value = parseTuple();
      endBlock();
      return set;
    }
    if (isOperator("|"))
      source.fail(token().place, "a set block with a filter is not supported");
    if (set->targets.size() > 1)
      unexpected("'='");
    endBlock();
    set->body = parseBody({"endset"}, place);
    takeEnd();
    endBlock();
    return set;
  }

  StatementPointer parseIf(size_t place) {
    StatementPointer first = make(StatementKind::If, place);
    for (Statement *branch = first.get();;) {
      branch->value = parseTuple();
      endBlock();
      branch->body = parseBody({"elif", "else", "endif"}, place);
      std::string end = takeEnd();
      if (end == "elif") {
        branch->otherwise.push_back(make(StatementKind::If, tokens[next - 2].place));
        branch = branch->otherwise.back().get();
        if (++branches > 1000)
          source.fail(tokens[next - 2].place, "a template of more than 1000 'elif' is not supported");
        continue;
      }
      endBlock();
      if (end == "else") {
        branch->otherwise = parseBody({"endif"}, place);
        takeEnd();
        endBlock();
      }
      return first;
    }
  }

  StatementPointer parseFor(size_t place) {
    StatementPointer loop = make(StatementKind::For, place);
    loop->targets = parseTargets();
    for (const Target &target : loop->targets)
      if (!target.attribute.empty() || target.name == "loop")
        source.fail(place, "a loop cannot assign to '", target.name, "' here");
    if (!skipName("in"))
      unexpected("'in'");
    size_t begin = token().place;
    loop->value = parseOr();
    if (isOperator(",")) {
      ExpressionPointer tuple = std::make_unique<Expression>(Expression{.kind = ExpressionKind::Tuple, .place = begin});
      tuple->parts.push_back(std::move(loop->value));
      while (skipOperator(","))
        tuple->parts.push_back(parseOr());
      loop->value = std::move(tuple);
    }
    if (skipName("if"))
      loop->condition = parseExpression();
    if (isName("recursive"))
      source.fail(token().place, "recursive loops are not supported");
    endBlock();
    ++loops;
    loop->body = parseBody({"else", "endfor"}, place);
    --loops;
    if (takeEnd() == "else") {
      endBlock();
      loop->otherwise = parseBody({"endfor"}, place);
      takeEnd();
    }
    endBlock();
    return loop;
  }

  StatementPointer parseMacro(size_t place) {
    StatementPointer macro = make(StatementKind::Macro, place);
    macro->text = expectName("the name of a macro");
    if (loops > 0 || inMacro)
      source.fail(place, "the macro '", macro->text,
                  "' is within a loop or a macro; that is not supported, define it outside");
    expectOperator("(");
    while (!skipOperator(")")) {
      Parameter parameter{expectName("the name of a parameter"), nullptr};
      if (skipOperator("="))
        parameter.standard = parseExpression();
      else if (!macro->parameters.empty() && macro->parameters.back().standard)
        source.fail(place, "the parameter '", parameter.name, "' without a default follows one with a default");
      macro->parameters.push_back(std::move(parameter));
      if (!isOperator(")"))
        expectOperator(",");
    }
    endBlock();
    inMacro = true;
    macro->body = parseBody({"endmacro"}, place);
    inMacro = false;
    takeEnd();
    if (token().kind == TokenKind::Name)
      ++next; // its name may be said again
    endBlock();
    return macro;
  }

  StatementPointer parseGeneration(size_t place) {
    StatementPointer block = make(StatementKind::Block, place);
    endBlock();
    block->body = parseBody({"endgeneration"}, place);
    takeEnd();
    endBlock();
    return block;
  }

  size_t loops = 0, branches = 0;
  bool inMacro = false;
};

} // namespace

Body parse(const Source &source) { return Parser(source).run(); }

} // namespace hadal::jinja
