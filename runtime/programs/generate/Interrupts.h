// Ctrl-C, as a program that generates takes it: the first one ends a text, a second one the program.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_INTERRUPTS_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_INTERRUPTS_H

namespace hadal {

/// From now on the first SIGINT or SIGTERM is noted, a second one ends the program at once. What was noted before is
/// forgotten, except for a SIGTERM.
void catchInterrupts();

/// Whether one was noted; looked at between steps.
bool isInterrupted();
/// Whether that was a SIGTERM, which is not meant for a text alone.
bool isTerminated();

/// Waits until the descriptor has something to read, or an interrupt is noted.
void waitForInput(int descriptor);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_INTERRUPTS_H
