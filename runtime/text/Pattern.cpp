// The one place that speaks to PCRE2.
//
// Its limits: a match may take ten million steps, which is a second's work, and some dozen steps for every byte of a
// long run of one class are far below that; the stack of compiled code may grow to 8 MiB, that of interpreted code
// (where the system forbids code to be written) likewise.
#define PCRE2_CODE_UNIT_WIDTH 8
#define PCRE2_STATIC
#include "runtime/text/Pattern.h"

#include "runtime/core/Error.h"
#include "runtime/text/PatternSyntax.h"

#include <pcre2.h>

namespace hadal {
namespace {

constexpr uint32_t matchLimit = 10'000'000;
constexpr size_t stackStart = size_t{32} << 10, stackLimit = size_t{8} << 20;

std::string describeError(int error) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char *>(text);
}

template <auto release> struct Release {
  template <class Object> void operator()(Object *object) const { release(object); }
};
template <class Object, auto release> using Owned = std::unique_ptr<Object, Release<release>>;

} // namespace

struct Pattern::Compiled {
  Owned<pcre2_code, pcre2_code_free> code;
  Owned<pcre2_match_context, pcre2_match_context_free> context;
  Owned<pcre2_jit_stack, pcre2_jit_stack_free> stack;
  Owned<pcre2_match_data, pcre2_match_data_free> match;
  bool isNative = false; // compiled to machine code
};

Pattern::Pattern(std::string_view pattern, std::string place) : compiled(new Compiled), place(std::move(place)) {
  std::string translated = translatePattern(pattern, this->place);
  int error;
  PCRE2_SIZE offset;
  compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                     PCRE2_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr));
  if (!compiled->code)
    fail(HADAL_EXIT_INPUT, this->place, ": PCRE2 cannot read the pattern '", pattern, "': ", describeError(error),
         " (at byte ", offset, " of '", translated, "')");
  compiled->isNative = pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE) == 0;
  compiled->context.reset(pcre2_match_context_create(nullptr));
  compiled->stack.reset(pcre2_jit_stack_create(stackStart, stackLimit, nullptr));
  compiled->match.reset(pcre2_match_data_create_from_pattern(compiled->code.get(), nullptr));
  if (!compiled->context || !compiled->stack || !compiled->match)
    fail(HADAL_EXIT_OUT_OF_MEMORY, this->place, ": there is no memory for matching the pattern");
  pcre2_set_match_limit(compiled->context.get(), matchLimit);
  pcre2_set_heap_limit(compiled->context.get(), stackLimit >> 10); // in KiB
  pcre2_jit_stack_assign(compiled->context.get(), nullptr, compiled->stack.get());
  uint32_t matchesNothing = 0;
  pcre2_pattern_info(compiled->code.get(), PCRE2_INFO_MATCHEMPTY, &matchesNothing);
  if (matchesNothing)
    fail(HADAL_EXIT_INPUT, this->place, ": the pattern '", pattern, "' matches the empty text and cuts nothing");
}

Pattern::Pattern(Pattern &&) noexcept = default;
Pattern &Pattern::operator=(Pattern &&) noexcept = default;
Pattern::~Pattern() = default;

std::optional<std::pair<size_t, size_t>> Pattern::find(std::string_view text, size_t start) {
  auto match = compiled->isNative ? pcre2_jit_match : pcre2_match;
  int result = match(compiled->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start,
                     compiled->isNative ? 0 : PCRE2_NO_UTF_CHECK, compiled->match.get(), compiled->context.get());
  if (result == PCRE2_ERROR_NOMATCH)
    return std::nullopt;
  if (result < 0)
    failMatch(result, start);
  const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(compiled->match.get());
  return std::pair<size_t, size_t>(bounds[0], bounds[1]);
}

void Pattern::failMatch(int error, size_t start) const {
  bool isLimit = error == PCRE2_ERROR_MATCHLIMIT || error == PCRE2_ERROR_HEAPLIMIT || error == PCRE2_ERROR_DEPTHLIMIT ||
                 error == PCRE2_ERROR_JIT_STACKLIMIT;
  fail(isLimit ? HADAL_EXIT_INPUT : HADAL_EXIT_OUT_OF_MEMORY, place,
       isLimit ? ": the pattern takes too many steps on this text: " : ": the pattern could not be matched: ",
       describeError(error), " (from byte ", start, " of the piece)");
}

} // namespace hadal
