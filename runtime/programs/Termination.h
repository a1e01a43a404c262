// The message of the last resort: of a program that a fault of Hadal ends.
#ifndef HADAL_RUNTIME_PROGRAMS_TERMINATION_H
#define HADAL_RUNTIME_PROGRAMS_TERMINATION_H

namespace hadal {

/// From now on an exception that nobody catches (one that leaves a thread, say) ends the process with a message. Called
/// by `main`.
void reportTermination();

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TERMINATION_H
