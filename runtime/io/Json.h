// JSON as the runtime writes it. Text from outside (the name of a model, of a file) may be anything, JSON is UTF-8:
// what is not is written as the replacement character, since no log or trace is worth losing a training for.
#ifndef HADAL_RUNTIME_IO_JSON_H
#define HADAL_RUNTIME_IO_JSON_H

#include <nlohmann/json.hpp>

#include <string>

namespace hadal {

/// The one way to write a JSON value; never throws because of its contents. An indentation of -1 gives a single line.
template <class Json> std::string dumpJson(const Json &value, int indentation = -1) {
  return value.dump(indentation, ' ', false, Json::error_handler_t::replace);
}

} // namespace hadal

#endif // HADAL_RUNTIME_IO_JSON_H
