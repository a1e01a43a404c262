// The interpreter walks over the tree.
//
// Names belong to scopes. A loop has one for each turn, so what is set in a turn is gone after it (namespaces are the
// way around that), and a call of a macro has one; all others go on in the scope they are in, as in jinja2.
#include "runtime/text/JinjaInterpreter.h"

#include "runtime/text/JinjaOperations.h"

#include <algorithm>
#include <array>

namespace hadal::jinja {

namespace {

/// Statements and expressions in each other, those of called macros included.
constexpr size_t deepestNesting = 300;

struct Scope {
  Scope *parent;
  Variables names = {};

  Value *find(std::string_view name) {
    auto found = std::ranges::find(names, name, &std::pair<std::string, Value>::first);
    return found == names.end() ? nullptr : &found->second;
  }
  void set(std::string_view name, Value value) {
    if (Value *former = find(name))
      *former = std::move(value);
    else
      names.emplace_back(name, std::move(value));
  }
};

enum class Flow { Normal, Break, Continue };

class Interpreter {
public:
  Interpreter(Work &work, Variables variables, std::time_t now)
      : work(work), now(now), root{nullptr, std::move(variables)} {}

  MarkedText run(const Body &body) {
    MarkedText output;
    execute(body, root, output);
    return output;
  }

private:
  class Level {
  public:
    Level(Interpreter &interpreter, size_t place) : interpreter(interpreter) {
      interpreter.work.place = place;
      interpreter.work.spend();
      if (++interpreter.depth > deepestNesting)
        interpreter.work.fail("nested more than ", deepestNesting, " deep; a macro that calls itself?");
    }
    ~Level() { --interpreter.depth; }

  private:
    Interpreter &interpreter;
  };

  //===--------------------------------------------------------------------===//
  // Statements
  //===--------------------------------------------------------------------===//

  Flow execute(const Body &body, Scope &scope, MarkedText &output) {
    for (const StatementPointer &statement : body)
      if (Flow flow = execute(*statement, scope, output); flow != Flow::Normal)
        return flow;
    return Flow::Normal;
  }

  Flow execute(const Statement &statement, Scope &scope, MarkedText &output) {
    Level level(*this, statement.place);
    switch (statement.kind) {
    case StatementKind::Data:
      append(work, output, statement.text);
      return Flow::Normal;
    case StatementKind::Print:
      append(work, output, printed(statement, scope));
      return Flow::Normal;
    case StatementKind::If:
      return execute(isTrue(evaluate(*statement.value, scope)) ? statement.body : statement.otherwise, scope, output);
    case StatementKind::For:
      return executeFor(statement, scope, output);
    case StatementKind::Set:
      executeSet(statement, scope);
      return Flow::Normal;
    case StatementKind::Macro:
      scope.set(statement.text, Value::function({.macro = &statement, .name = statement.text}));
      return Flow::Normal;
    case StatementKind::Block:
      return execute(statement.body, scope, output);
    case StatementKind::Break:
      return Flow::Break;
    case StatementKind::Continue:
      return Flow::Continue;
    }
    return Flow::Normal;
  }

  MarkedText printed(const Statement &statement, Scope &scope) {
    Value value = evaluate(*statement.value, scope);
    work.place = statement.place;
    return print(work, value);
  }

  void executeSet(const Statement &statement, Scope &scope) {
    Value value;
    if (statement.value) {
      value = evaluate(*statement.value, scope);
    } else {
      MarkedText text;
      execute(statement.body, scope, text);
      value = Value::text(std::move(text));
    }
    work.place = statement.place;
    assign(statement.targets, value, scope, scope);
  }

  /// Assigns in one scope; namespaces are looked for from another.
  void assign(const std::vector<Target> &targets, const Value &value, Scope &scope, Scope &visible) {
    if (targets.size() == 1)
      return assign(targets[0], value, scope, visible);
    std::vector<Value> items = itemsOf(work, value);
    if (items.size() != targets.size())
      work.fail("expected ", targets.size(), " values instead of ", items.size());
    for (size_t i = 0; i < items.size(); ++i)
      assign(targets[i], items[i], scope, visible);
  }

  void assign(const Target &target, const Value &value, Scope &scope, Scope &visible) {
    if (target.attribute.empty())
      return scope.set(target.name, value);
    Value held = lookUp(target.name, visible);
    const Value::NamespacePointer *space = held.get<Value::NamespacePointer>();
    if (!space)
      work.fail("'", target.name, "' is no namespace, but ", describe(held),
                "; only a namespace's attributes can be set");
    setAttribute(**space, target.attribute, value);
  }

  /// A namespace that could be reached from itself would never be freed.
  void setAttribute(Namespace &space, const std::string &name, const Value &value) {
    if (value.is<Value::NamespacePointer>())
      work.fail("a namespace within a namespace is not supported");
    auto found = std::ranges::find(space.attributes, name, &std::pair<std::string, Value>::first);
    work.spend(space.attributes.size());
    if (found == space.attributes.end())
      space.attributes.emplace_back(name, value);
    else
      found->second = value;
  }

  Flow executeFor(const Statement &loop, Scope &scope, MarkedText &output) {
    std::vector<Value> items = itemsOf(work, evaluate(*loop.value, scope));
    if (loop.condition)
      std::erase_if(items, [&](const Value &item) {
        Scope turn{&scope};
        assign(loop.targets, item, turn, scope);
        return !isTrue(evaluate(*loop.condition, turn));
      });
    if (items.empty())
      return execute(loop.otherwise, scope, output);
    for (size_t i = 0; i < items.size(); ++i) {
      Scope turn{&scope};
      work.place = loop.place;
      assign(loop.targets, items[i], turn, scope);
      turn.set("loop", describeTurn(items, i));
      if (execute(loop.body, turn, output) == Flow::Break)
        break;
    }
    return Flow::Normal;
  }

  Value describeTurn(const std::vector<Value> &items, size_t index) {
    int64_t i = static_cast<int64_t>(index), count = static_cast<int64_t>(items.size());
    auto neighbour = [&](bool exists, size_t place, const char *name) {
      return exists ? items[place] : Value::undefined(name);
    };
    std::vector<std::pair<MarkedText, Value>> entries;
    auto add = [&](std::string_view name, Value value) {
      entries.emplace_back(MarkedText(name, false), std::move(value));
    };
    add("index", Value::integer(i + 1));
    add("index0", Value::integer(i));
    add("revindex", Value::integer(count - i));
    add("revindex0", Value::integer(count - i - 1));
    add("first", Value::boolean(i == 0));
    add("last", Value::boolean(i + 1 == count));
    add("length", Value::integer(count));
    add("previtem", neighbour(i > 0, index - 1, "the item before the first"));
    add("nextitem", neighbour(i + 1 < count, index + 1, "the item behind the last"));
    return Value::dictionary(work, std::move(entries));
  }

  //===--------------------------------------------------------------------===//
  // Expressions
  //===--------------------------------------------------------------------===//

  Value evaluate(const Expression &expression, Scope &scope) {
    Level level(*this, expression.place);
    Value value = compute(expression, scope);
    work.place = expression.place;
    return value;
  }

  Value compute(const Expression &expression, Scope &scope) {
    auto part = [&](size_t i) { return evaluate(*expression.parts[i], scope); };
    switch (expression.kind) {
    case ExpressionKind::None:
      return Value();
    case ExpressionKind::Boolean:
      return Value::boolean(expression.integer != 0);
    case ExpressionKind::Integer:
      return Value::integer(expression.integer);
    case ExpressionKind::Float:
      return Value::number(expression.number);
    case ExpressionKind::String:
      return Value::text(expression.text);
    case ExpressionKind::List:
    case ExpressionKind::Tuple:
      return Value::list(work, evaluateAll(expression, 0, scope), expression.kind == ExpressionKind::Tuple);
    case ExpressionKind::Dictionary:
      return computeDictionary(expression, scope);
    case ExpressionKind::Name:
      return lookUp(expression.text, scope);
    case ExpressionKind::Attribute:
      return at(expression, [&, value = part(0)] { return attributeOf(work, value, expression.text); });
    case ExpressionKind::Subscript:
      return at(expression, [&, value = part(0), index = part(1)] { return itemOf(work, value, index); });
    case ExpressionKind::Slice:
      return at(expression, [&, value = part(0), begin = part(1), end = part(2), step = part(3)] {
        return sliceOf(work, value, begin, end, step);
      });
    case ExpressionKind::Call:
      return computeCall(expression, scope);
    case ExpressionKind::Filter:
    case ExpressionKind::Test:
      return computeFilter(expression, scope);
    case ExpressionKind::Not:
      return Value::boolean(!isTrue(part(0)));
    case ExpressionKind::And:
    case ExpressionKind::Or: {
      Value left = part(0);
      return isTrue(left) == (expression.kind == ExpressionKind::Or) ? left : part(1);
    }
    case ExpressionKind::Conditional:
      if (isTrue(part(0)))
        return part(1);
      return expression.parts.size() == 3 ? part(2) : Value::undefined("the value of an 'if' without 'else'");
    case ExpressionKind::Unary:
      return at(expression, [&, value = part(0)] { return unaryOperation(work, expression.text, value); });
    case ExpressionKind::Binary:
      return at(expression, [&, a = part(0), b = part(1)] { return binaryOperation(work, expression.text, a, b); });
    case ExpressionKind::Comparison:
      return at(expression,
                [&, a = part(0), b = part(1)] { return Value::boolean(comparison(work, expression.text, a, b)); });
    }
    return Value();
  }

  /// Does what an expression says when its parts are there: errors are its own then.
  template <class Operation> Value at(const Expression &expression, Operation operation) {
    work.place = expression.place;
    return operation();
  }

  std::vector<Value> evaluateAll(const Expression &expression, size_t first, Scope &scope) {
    std::vector<Value> values;
    for (size_t i = first; i < expression.parts.size(); ++i)
      values.push_back(evaluate(*expression.parts[i], scope));
    work.place = expression.place;
    return values;
  }

  Value computeDictionary(const Expression &expression, Scope &scope) {
    std::vector<std::pair<MarkedText, Value>> entries;
    for (size_t i = 0; i < expression.parts.size(); i += 2) {
      Value key = evaluate(*expression.parts[i], scope), value = evaluate(*expression.parts[i + 1], scope);
      work.place = expression.place;
      if (!key.isText())
        work.fail("a dictionary by ", describe(key), " is not supported; keys have to be strings");
      work.spend(entries.size());
      auto same =
          std::ranges::find_if(entries, [&](const auto &entry) { return entry.first.bytes() == key.asText().bytes(); });
      if (same != entries.end())
        same->second = value;
      else
        entries.emplace_back(key.asText(), value);
    }
    return Value::dictionary(work, std::move(entries));
  }

  Value lookUp(const std::string &name, Scope &scope) {
    for (Scope *one = &scope; one; one = one->parent) {
      work.spend(one->names.size() / 8);
      if (const Value *found = one->find(name))
        return *found;
    }
    static constexpr std::array<std::string_view, 5> functions = {"namespace", "range", "dict", "raise_exception",
                                                                  "strftime_now"};
    if (std::ranges::find(functions, name) != functions.end())
      return Value::function({.name = name});
    return Value::undefined(concat("'", name, "'"));
  }

  Arguments evaluateArguments(const Expression &call, std::string_view callee, Scope &scope) {
    std::vector<Value> values = evaluateAll(call, 1, scope);
    std::vector<std::pair<std::string, Value>> named;
    for (const auto &[name, argument] : call.named)
      named.emplace_back(name, evaluate(*argument, scope));
    work.place = call.place;
    return Arguments(work, callee, std::move(values), std::move(named));
  }

  Value computeFilter(const Expression &expression, Scope &scope) {
    Value value = evaluate(*expression.parts[0], scope);
    Arguments arguments = evaluateArguments(expression, expression.text, scope);
    if (expression.kind == ExpressionKind::Filter)
      return filter(work, expression.text, value, arguments);
    bool result = test(work, expression.text, value, arguments);
    arguments.finish();
    return Value::boolean(result);
  }

  Value computeCall(const Expression &call, Scope &scope) {
    Value callee = evaluate(*call.parts[0], scope);
    work.place = call.place;
    if (callee.isUndefined())
      work.fail(callee.undefinedName(), " is undefined and cannot be called");
    const Value::FunctionPointer *pointer = callee.get<Value::FunctionPointer>();
    if (!pointer)
      work.fail(describe(callee), " cannot be called");
    const Function &function = **pointer;
    Arguments arguments = evaluateArguments(call, function.name, scope);
    if (function.macro)
      return callMacro(*function.macro, arguments);
    return function.isMethod ? callMethod(work, function, arguments) : callFunction(function.name, arguments);
  }

  Value callMacro(const Statement &macro, Arguments &arguments) {
    Scope scope{&root};
    for (const Parameter &parameter : macro.parameters) {
      bool isGiven = arguments.has(parameter.name);
      Value value = arguments.take(parameter.name, Value::undefined(concat("'", parameter.name, "'")));
      scope.set(parameter.name, isGiven || !parameter.standard ? value : evaluate(*parameter.standard, scope));
    }
    arguments.finish();
    MarkedText output;
    execute(macro.body, scope, output);
    return Value::text(std::move(output));
  }

  Value callFunction(std::string_view name, Arguments &arguments) {
    if (name == "namespace") {
      auto space = std::make_shared<Namespace>();
      for (const auto &[attribute, value] : arguments.takeNamed())
        setAttribute(*space, attribute, value);
      arguments.finish();
      return Value::nameSpace(std::move(space));
    }
    if (name == "dict") {
      std::vector<std::pair<MarkedText, Value>> entries;
      for (const auto &[key, value] : arguments.takeNamed())
        entries.emplace_back(MarkedText(key, false), value);
      arguments.finish();
      return Value::dictionary(work, std::move(entries));
    }
    if (name == "range")
      return makeRange(arguments);
    MarkedText text = arguments.requireText(name == "strftime_now" ? "format" : "message");
    arguments.finish();
    if (name == "raise_exception")
      work.fail("the template refuses this conversation: ", text.bytes());
    return formatTime(text.bytes());
  }

  Value makeRange(Arguments &arguments) {
    int64_t begin = 0, end = arguments.takeInteger("stop", 0);
    if (arguments.has("end")) {
      begin = end;
      end = arguments.takeInteger("end", 0);
    }
    int64_t step = arguments.takeInteger("step", 1);
    arguments.finish();
    if (step == 0)
      work.fail("range: the step is 0");
    std::vector<Value> items;
    for (int64_t i = begin; step > 0 ? i < end : i > end;) {
      work.spend();
      work.requireLength(items.size() + 1, 100'000, "a range");
      items.push_back(Value::integer(i));
      if (__builtin_add_overflow(i, step, &i))
        break;
    }
    return Value::list(work, std::move(items));
  }

  Value formatTime(const std::string &format) {
    std::array<char, 1024> buffer;
    std::tm parts = {};
    localtime_r(&now, &parts);
    if (format.size() > 100)
      work.fail("strftime_now: a format of more than 100 bytes");
    return Value::text(
        std::string_view(buffer.data(), std::strftime(buffer.data(), buffer.size(), format.c_str(), &parts)));
  }

  Work &work;
  const std::time_t now;
  Scope root;
  size_t depth = 0;
};

} // namespace

MarkedText render(Work &work, const Body &body, Variables variables, std::time_t now) {
  return Interpreter(work, std::move(variables), now).run(body);
}

} // namespace hadal::jinja
