// From the shape of an entry point's tokens to the windows that they are.
#include "runtime/programs/TokenWindows.h"

namespace hadal {

TokenWindows::TokenWindows(const Program &program, std::string_view name) {
  std::optional<uint32_t> entry = program.findEntry(name);
  requireOfProgram(entry.has_value(), "it has no entry point '", name, "'");
  std::optional<uint32_t> index = program.findInput(*entry, "tokens");
  requireOfProgram(index.has_value(), "its entry point '", name, "' has no input 'tokens'");
  const hadal_tensor &tokens = program.tensors()[*index];
  tensor = *index;
  ahead = program.entries()[*entry].tokens_ahead;
  requireOfProgram(tokens.element_type == HADAL_I32 && tokens.rank == 2 && ahead >= 1 && tokens.dimensions[1] > ahead,
                   "the input 'tokens' of '", name, "' is ", describeShape(dimensions(tokens)), " of ",
                   describeElementType(tokens.element_type), " with ", ahead,
                   " tokens ahead; rows of i32 that are longer than those are expected");
  rows = tokens.dimensions[0];
  length = tokens.dimensions[1] - ahead;
}

} // namespace hadal
