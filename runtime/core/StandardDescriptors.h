// Descriptors 0 to 2 of a program that was started without them, as daemons and job systems do (`./train ... 2>&-`).
// The first file that such a program opens would take the place of standard error, and every message would be written
// into it.
#ifndef HADAL_RUNTIME_CORE_STANDARDDESCRIPTORS_H
#define HADAL_RUNTIME_CORE_STANDARDDESCRIPTORS_H

namespace hadal {

/// Opens /dev/null for each of them that is closed. Called by `main` before any file is opened.
void openStandardDescriptors();

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_STANDARDDESCRIPTORS_H
