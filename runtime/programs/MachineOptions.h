// Where a program runs, as its command line says it.
#ifndef HADAL_RUNTIME_PROGRAMS_MACHINEOPTIONS_H
#define HADAL_RUNTIME_PROGRAMS_MACHINEOPTIONS_H

#include <string>

namespace hadal {

struct MachineOptions {
  std::string device = "auto";
  bool launchBlocking = false;
  unsigned threads = 0; // 0: all
  std::string pin;      // "": not pinned
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_MACHINEOPTIONS_H
