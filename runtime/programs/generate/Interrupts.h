// Ctrl-C, as a program that generates takes it: the first one ends a text, a second one the program.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_INTERRUPTS_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_INTERRUPTS_H

namespace hadal {

/// From now on the first SIGINT or SIGTERM is noted, a second one ends the program at once. What was noted before is
/// forgotten, except for a SIGTERM, which is not meant for a text alone.
void catchInterrupts();

/// Whether one was noted; looked at between steps.
bool isInterrupted();

/// Waits until the descriptor has something to read. False when an interrupt is noted before.
bool waitForInput(int descriptor);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_INTERRUPTS_H
