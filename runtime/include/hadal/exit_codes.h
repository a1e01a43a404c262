/* The exit codes of generated programs. They are part of the command line's contract: scripts and schedulers decide on
 * them whether to restart a run. `--help` prints the same list (runtime/programs/train/Options.cpp).
 */
#ifndef HADAL_EXIT_CODES_H
#define HADAL_EXIT_CODES_H

enum hadal_exit_code {
  HADAL_EXIT_OK = 0,
  HADAL_EXIT_INPUT = 1,           /* a file, a device or the program itself is not what it has to be */
  HADAL_EXIT_COMMAND_LINE = 2,    /* an option is missing, unknown, or out of range */
  HADAL_EXIT_INTERRUPTED = 3,     /* SIGTERM, SIGINT or SIGHUP: the step was finished and, with --save, a checkpoint
                                     written */
  HADAL_EXIT_NON_FINITE = 4,      /* the loss, the gradient or a parameter is not finite; the last checkpoint is kept */
  HADAL_EXIT_OUT_OF_MEMORY = 5,   /* the program needs more memory than there is, on the machine or on its GPU */
  HADAL_EXIT_IO_FAILURE = 6,      /* a file could not be written (disk full); the last complete checkpoint is intact */
  HADAL_EXIT_MEMORY_VIOLATION = 7, /* a program built with --check-memory touched memory outside a buffer */
  HADAL_EXIT_NO_DEVICE = 8,        /* no GPU that can run the program: none at all, no driver or one that is too old, or
                                      an older GPU than the program was compiled for */
  HADAL_EXIT_DEVICE_FAILURE = 9    /* a kernel failed on the GPU or in the emulator, or the driver reported a failure */
};

#endif /* HADAL_EXIT_CODES_H */
