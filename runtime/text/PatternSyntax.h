// Patterns of tokenizers in the syntax of PCRE2.
#ifndef HADAL_RUNTIME_TEXT_PATTERNSYNTAX_H
#define HADAL_RUNTIME_TEXT_PATTERNSYNTAX_H

#include <string>
#include <string_view>

namespace hadal {

/// The pattern of Oniguruma (Ruby's syntax, as `tokenizers` compiles it) as PCRE2 has to be given it, with UTF and
/// multi-line anchors. Fails with HADAL_EXIT_INPUT for what the two do not share, naming it and the `place`.
std::string translatePattern(std::string_view pattern, std::string_view place);

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_PATTERNSYNTAX_H
