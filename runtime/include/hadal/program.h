/* The contract between generated code and the runtime.
 *
 * A program that hadalc writes is one object file linked with libhadal_runtime.a. The object exports a single constant,
 * `hadal_program`, that describes everything the runtime has to know: the tensors that outlive a step (parameters,
 * gradients, optimizer moments, states, inputs, scalars, results), the entry points as lists of commands, and the arena
 * in which every other buffer lives. The runtime resolves the tables to addresses once, at start-up; a step
 * afterwards walks them and allocates nothing.
 *
 * The header is plain C. The structures' fields stand in program.def, from which codegen/Host takes what it writes in
 * LLVM IR, too.
 */
#ifndef HADAL_PROGRAM_H
#define HADAL_PROGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HADAL_PROGRAM_VERSION 6u
#define HADAL_MAX_RANK 4
#define HADAL_MAX_TILES 4
#define HADAL_TENSOR_MAP_RANK 5

/* In the place of an index: nothing. */
#define HADAL_NONE UINT32_MAX

/* The element types of persistent tensors. */
enum hadal_element_type {
  HADAL_F32 = 0,
  HADAL_I32 = 1,
  HADAL_BF16 = 2,
  HADAL_F16 = 3,
  HADAL_F8E4M3FN = 4,
  HADAL_I8 = 5
};

/* What the runtime does with a persistent tensor. */
enum hadal_role {
  HADAL_PARAMETER = 0,    /* initialised or loaded, saved under its Hugging Face name */
  HADAL_GRADIENT = 1,     /* of the parameter `owner`; written by the first micro-batch of a step, added to by others */
  HADAL_FIRST_MOMENT = 2, /* of the parameter `owner` (AdamW's m), zero at the start, saved with the optimizer */
  HADAL_SECOND_MOMENT = 3, /* of the parameter `owner` (AdamW's v), zero at the start, saved with the optimizer */
  HADAL_STATE = 4,         /* zero at the start: of a step in training, where it is accumulated over micro-batches (an
                              expert's load) and cleared by `update`; of the session for a cache of generation */
  HADAL_INPUT = 5,         /* written by the runtime before an entry point runs: `tokens` (i32) */
  HADAL_SCALAR = 6,        /* a run-time scalar (f32, rank 0), written by the runtime under its name */
  HADAL_RESULT = 7,        /* a tensor (f32 or i32, of any shape) that an entry point writes and the runtime reads after
                              it */
  HADAL_PACKED = 8 /* of the parameter `owner`: the same numbers in another layout, rounded, or as codes or their
                      scales, written by the entry points that are run when it is loaded and by those that
                      write it; never saved */
};

/* How long the contents of a tensor count. */
enum hadal_lifetime {
  HADAL_SESSION = 0,  /* as long as the program runs */
  HADAL_RUN = 1,      /* inputs until the run that they are written for has ended, results until the next run begins */
  HADAL_EXTERNAL = 2, /* the memory belongs to whoever calls the runtime, which is given its address */
  HADAL_LOADING = 3   /* parameters that are kept in packed forms only: from the first write until the entry points that
                         are run for it have made these. One at a time, so that all of them share their memory */
};

/* In which order a tensor's elements lie in memory: row by row, or as its order and tiles say. */
enum hadal_layout { HADAL_ROW_MAJOR = 0, HADAL_TILED = 1 };

/* How a parameter starts when no weights are loaded. */
enum hadal_initializer { HADAL_ZEROS = 0, HADAL_ONES = 1, HADAL_NORMAL = 2 };

enum hadal_argument_kind { HADAL_ARGUMENT_TENSOR = 0, HADAL_ARGUMENT_ARENA = 1, HADAL_ARGUMENT_NUMBER = 2 };

/* When an entry point runs: when the runtime asks for it by its name, or whenever the parameter `loaded` has been
 * loaded or initialized. */
enum hadal_entry_kind { HADAL_ENTRY_CALLED = 0, HADAL_ENTRY_LOAD = 1 };

/* What a command does. Collectives and waits have their place here; no device runs them yet. */
enum hadal_command_kind { HADAL_LAUNCH = 0, HADAL_COPY = 1, HADAL_FILL = 2, HADAL_COLLECTIVE = 3, HADAL_HOST_WAIT = 4 };

enum hadal_collective_kind {
  HADAL_ALL_REDUCE = 0,
  HADAL_REDUCE_SCATTER = 1,
  HADAL_ALL_GATHER = 2,
  HADAL_SEND = 3,
  HADAL_RECEIVE = 4,
  HADAL_EXCHANGE = 5 /* of rows, whose counts are a tensor */
};

/* The form of code for a GPU. */
enum hadal_image_kind { HADAL_CUBIN = 0, HADAL_PTX = 1 };

/* One stage of one kernel, for the tasks [first_task, end_task). Tasks are independent: any thread may run any of them
 * in any order and the result has the same bits. `arguments` holds one address per hadal_argument. `iteration` is the
 * launch's own immediate (the chunk of a loop over tokens, an element count). `scratch` is 64-byte aligned memory of
 * the calling thread, hadal_program.scratch_size bytes, with undefined contents. Addresses need only be aligned to
 * their element: --check-memory places buffers against their guard page. */
typedef void (*hadal_kernel)(void *const *arguments, int64_t iteration, int64_t first_task, int64_t end_task,
                             void *scratch);

/* A GPU kernel as the emulator runs it: a host function that is called once per thread of the grid. `arguments` are the
 * launch's addresses; `maps` holds one tensor map of the emulator per hadal_tensor_map. */
typedef void (*hadal_thread_function)(void *const *arguments, int64_t iteration, const void *const *maps);

/* How 16-byte chunks are permuted in shared memory: within spans of so many bytes. */
enum hadal_swizzle { HADAL_SWIZZLE_NONE = 0, HADAL_SWIZZLE_32 = 1, HADAL_SWIZZLE_64 = 2, HADAL_SWIZZLE_128 = 3 };

/* The structures. Their fields are told in program.def. */
#define HADAL_BEGIN(structure) struct hadal_##structure {
#define HADAL_POINTER(type, field) const type *field;
#define HADAL_FUNCTION(type, field) type field;
#define HADAL_U32(field) uint32_t field;
#define HADAL_I64(field) int64_t field;
#define HADAL_U64(field) uint64_t field;
#define HADAL_F32(field) float field;
#define HADAL_I64S(field, length) int64_t field[length];
#define HADAL_U32S(field, length) uint32_t field[length];
#define HADAL_END(structure)                                                                                           \
  }                                                                                                                    \
  ;
#include "program.def"

/* Exported by the generated object. */
extern const struct hadal_program hadal_program;

#ifdef __cplusplus
}
#endif

#endif /* HADAL_PROGRAM_H */
