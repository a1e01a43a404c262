//===- CheckJSON.cpp - what LLVM's reader of JSON does not refuse -------------------------------------------------===//
//
// LLVM's reader calls itself for every level of nesting, and lets the last of several fields with the same name win.
// This pass over the text finds both. It knows only as much JSON as that takes; whatever else is wrong, the reader
// says. Another pass makes room for the numbers that Python's json writes and JSON does not have.
//
// A string that a colon follows is the name of a field of the innermost object, which the stack of open brackets holds.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/Fields.h"
#include "llvm/ADT/StringExtras.h"
#include <vector>

using namespace llvm;

/// Where the string that begins at `begin` ends: behind its closing quote, or at the end of the text.
static size_t skipString(StringRef text, size_t begin) {
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return text.size();
}

std::string hadal::huggingface::checkJSON(StringRef text) {
  constexpr size_t deepest = 64;
  std::vector<StringSet<>> open; // the names of the fields of each open object; an array has none
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
    case '{':
    case '[':
      open.emplace_back();
      if (open.size() > deepest)
        return ("more than " + Twine(deepest) + " levels of nesting").str();
      break;
    case '}':
    case ']':
      if (!open.empty())
        open.pop_back();
      break;
    case '"': {
      size_t end = skipString(text, i);
      StringRef string = text.slice(i, end);
      i = end - 1;
      if (text.substr(end).ltrim().starts_with(":") && !open.empty() && !open.back().insert(string).second)
        return ("the field " + string + " is there twice").str();
      break;
    }
    default:
      break;
    }
  }
  return "";
}

std::string hadal::huggingface::quoteNonFinite(StringRef text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (text[i] == '"') {
      end = skipString(text, i);
    } else if (llvm::isAlpha(text[i]) || text[i] == '-') {
      end = std::min(text.find_if_not([](char c) { return llvm::isAlpha(c); }, i + 1), text.size());
      StringRef word = text.slice(i, end);
      if (word == "NaN" || word == "Infinity" || word == "-Infinity") {
        result += ("\"" + word + "\"").str();
        i = end;
        continue;
      }
    }
    result += text.slice(i, end);
    i = end;
  }
  return result;
}
