// The arguments of a call.
#include "runtime/text/JinjaOperations.h"

#include <algorithm>

namespace hadal::jinja {

bool Arguments::has(std::string_view name) const {
  return next < values.size() || std::ranges::find(named, name, &std::pair<std::string, Value>::first) != named.end();
}

Value Arguments::take(std::string_view name, Value standard) {
  if (next < values.size())
    return values[next++];
  auto found = std::ranges::find(named, name, &std::pair<std::string, Value>::first);
  if (found == named.end())
    return standard;
  Value value = std::move(found->second);
  named.erase(found);
  return value;
}

Value Arguments::require(std::string_view name) {
  if (!has(name))
    work.fail(callee, ": the argument '", name, "' is missing");
  return take(name, Value());
}

MarkedText Arguments::requireText(std::string_view name) {
  Value value = require(name);
  if (!value.isText())
    work.fail(callee, ": '", name, "' has to be a string, not ", describe(value));
  return value.asText();
}

int64_t Arguments::takeInteger(std::string_view name, int64_t standard) {
  Value value = take(name, Value::integer(standard));
  if (!value.isWhole())
    work.fail(callee, ": '", name, "' has to be an integer, not ", describe(value));
  return value.asWhole();
}

std::vector<Value> Arguments::takeRest() {
  std::vector<Value> rest(values.begin() + static_cast<ptrdiff_t>(next), values.end());
  next = values.size();
  return rest;
}

void Arguments::finish() const {
  if (next < values.size())
    work.fail(callee, " has no ", next + 1, ". argument");
  if (!named.empty())
    work.fail(callee, " has no argument '", named.front().first, "'");
}

} // namespace hadal::jinja
