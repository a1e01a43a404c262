// The list of programs, and the way from a descriptor to the one that it names.
#include "runtime/programs/Programs.h"

#include "runtime/programs/Report.h"
#include "runtime/programs/evaluate/Evaluate.h"
#include "runtime/programs/generate/Generate.h"
#include "runtime/programs/kernels/Kernels.h"
#include "runtime/programs/train/Train.h"

#include <algorithm>

namespace hadal {

std::span<const ProgramKind *const> knownPrograms() {
  static constexpr const ProgramKind *programs[] = {&trainProgram, &evaluateProgram, &generateProgram, &kernelsProgram};
  return programs;
}

static const ProgramKind &findKind(std::string_view name) {
  std::span<const ProgramKind *const> programs = knownPrograms();
  auto found = std::ranges::find(programs, name, &ProgramKind::name);
  if (found != programs.end())
    return **found;
  std::string names;
  for (const ProgramKind *program : programs)
    names += concat(names.empty() ? "" : ", ", program->name);
  fail(HADAL_EXIT_INPUT, "this runtime has no program '", name, "'; it has: ", names,
       "; compile and link with the same hadalc");
}

int runProgram(const struct hadal_program &descriptor, int argc, const char *const *argv) {
  return reportErrors([&]() -> int {
    Program program(descriptor);
    const ProgramKind &kind = findKind(descriptor.program);
    kind.verify(program);
    return kind.main(program, argc, argv);
  });
}

} // namespace hadal
