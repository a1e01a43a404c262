// What a template says, as a tree.
#ifndef HADAL_RUNTIME_TEXT_JINJASYNTAX_H
#define HADAL_RUNTIME_TEXT_JINJASYNTAX_H

#include "runtime/text/JinjaSource.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hadal::jinja {

enum class ExpressionKind {
  None,
  Boolean,     // integer
  Integer,     // integer
  Float,       // number
  String,      // text
  List,        // parts
  Tuple,       // parts
  Dictionary,  // parts: key, value, key, value...
  Name,        // text
  Attribute,   // parts[0].text
  Subscript,   // parts[0][parts[1]]
  Slice,       // parts[0][parts[1]:parts[2]:parts[3]], where those that are not there are None
  Call,        // parts[0](parts[1...], named)
  Filter,      // parts[0] | text(parts[1...], named)
  Test,        // parts[0] is text(parts[1...])
  Not,         // not parts[0]
  And,         // parts[0] and parts[1]
  Or,          // parts[0] or parts[1]
  Conditional, // parts[1] if parts[0] else parts[2]; undefined where there is no third
  Unary,       // text parts[0]: + or -
  Binary,      // parts[0] text parts[1]: arithmetic and ~
  Comparison,  // parts[0] text parts[1]: ==, <, in, not in...
};

struct Expression;
using ExpressionPointer = std::unique_ptr<Expression>;

struct Expression {
  ExpressionKind kind;
  size_t place;
  std::string text = {};
  size_t height = 1; // operations upon each other's results
  int64_t integer = 0;
  double number = 0;
  std::vector<ExpressionPointer> parts = {};
  std::vector<std::pair<std::string, ExpressionPointer>> named = {};
};

enum class StatementKind {
  Data,     // text
  Print,    // value
  If,       // value, body, otherwise
  For,      // targets in value if condition: body, otherwise
  Set,      // targets = value; without a value, the body's output
  Macro,    // text, parameters with defaults in value's parts, body
  Break,    //
  Continue, //
  Block,    // body: {% generation %}, which means nothing when a prompt is made
};

struct Statement;
using StatementPointer = std::unique_ptr<Statement>;
using Body = std::vector<StatementPointer>;

/// A name, or an attribute of a namespace.
struct Target {
  std::string name, attribute;
};

struct Parameter {
  std::string name;
  ExpressionPointer standard; // may be none
};

struct Statement {
  StatementKind kind;
  size_t place;
  std::string text = {};
  ExpressionPointer value = {}, condition = {};
  std::vector<Target> targets = {};
  std::vector<Parameter> parameters = {};
  Body body = {}, otherwise = {};
};

/// Parses a template. Fails where it is no template, and where it has a statement that is not supported.
Body parse(const Source &source);

} // namespace hadal::jinja

#endif // HADAL_RUNTIME_TEXT_JINJASYNTAX_H
