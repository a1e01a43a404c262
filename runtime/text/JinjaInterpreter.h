// Runs a template.
//
// What is understood are the constructs that chat templates of the DeepSeek family use: text, {{ }}, set, if, for with
// break and continue, macro, generation; the operators, literals, slices and calls of jinja2; the filters, tests and
// methods of JinjaFilters.cpp and JinjaMethods.cpp; namespace(), range(), dict(), raise_exception() and strftime_now().
// Everything else is an error that names the place and the construct: when the template is read for statements, when it
// is reached for filters, tests and methods, as in jinja2.
#ifndef HADAL_RUNTIME_TEXT_JINJAINTERPRETER_H
#define HADAL_RUNTIME_TEXT_JINJAINTERPRETER_H

#include "runtime/text/JinjaSyntax.h"
#include "runtime/text/JinjaValue.h"

#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace hadal::jinja {

using Variables = std::vector<std::pair<std::string, Value>>;

/// `work` counts what has been done to make the variables, too.
MarkedText render(Work &work, const Body &body, Variables variables, std::time_t now);

} // namespace hadal::jinja

#endif // HADAL_RUNTIME_TEXT_JINJAINTERPRETER_H
