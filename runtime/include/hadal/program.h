/* The contract between generated code and the runtime.
 *
 * A program that hadalc writes is one object file linked with libhadal_runtime.a. The object exports a single constant,
 * `hadal_program`, that describes everything the runtime has to know: the tensors that outlive a step (parameters,
 * gradients, optimizer moments, states, inputs, scalars, results), the entry points as tables of kernel launches, and
 * the arena in which every other buffer lives. The runtime resolves the tables to addresses once, at start-up; a step
 * afterwards walks them and allocates nothing.
 *
 * The header is plain C: codegen/Host writes the same layout in LLVM IR (codegen/Host/Descriptor.cpp). Who changes one
 * changes the other: the size assertions at the end of this file notice a field that is missing here, not one that has
 * another place there. Integers are little endian, strings are NUL-terminated UTF-8, and all pointers in the tables
 * point into the object's read-only data.
 */
#ifndef HADAL_PROGRAM_H
#define HADAL_PROGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HADAL_PROGRAM_VERSION 3u
#define HADAL_MAX_RANK 4
#define HADAL_TENSOR_MAP_RANK 5

/* The element types of persistent tensors. */
enum hadal_element_type { HADAL_F32 = 0, HADAL_I32 = 1, HADAL_BF16 = 2, HADAL_F16 = 3, HADAL_F8E4M3FN = 4 };

/* What the runtime does with a persistent tensor. */
enum hadal_role {
  HADAL_PARAMETER = 0,     /* initialised or loaded, saved under its Hugging Face name */
  HADAL_GRADIENT = 1,      /* of the parameter `owner`; zero before the first micro-batch, cleared by `update` */
  HADAL_FIRST_MOMENT = 2,  /* of the parameter `owner` (AdamW's m), zero at the start, saved with the optimizer */
  HADAL_SECOND_MOMENT = 3, /* of the parameter `owner` (AdamW's v), zero at the start, saved with the optimizer */
  HADAL_STATE = 4,         /* zero at the start of a step, accumulated over micro-batches (an expert's load); cleared by
                              `update` */
  HADAL_INPUT = 5,         /* written by the runtime before an entry point runs: `tokens` (i32) */
  HADAL_SCALAR = 6,        /* a run-time scalar (f32, rank 0), written by the runtime under its name; the list is below */
  HADAL_RESULT = 7         /* a scalar (f32, rank 0) that an entry point writes and the runtime reads after it */
};

/* How a parameter starts when no weights are loaded. */
enum hadal_initializer { HADAL_ZEROS = 0, HADAL_ONES = 1, HADAL_NORMAL = 2 };

/* A tensor that outlives a step. Row-major, dense, aligned to 64 bytes on a CPU and to 256 on a GPU.
 *
 * A stacked parameter (the experts of one projection) has `{e}` in its name: dimension 0 counts the experts, and slice
 * e is the tensor whose name has the number in place of `{e}` in files. `aliases` are further names under which files
 * hold copies of the same tensor (DeepSeek-V3's layer 61 repeats the embedding and the head): accepted on loading when
 * equal, not written on saving.
 */
struct hadal_tensor {
  const char *name; /* parameter: Hugging Face name or pattern; gradient, moments: the parameter's name; scalars: below */
  uint32_t role;    /* enum hadal_role */
  uint32_t element_type;
  uint32_t rank;
  uint32_t initializer; /* enum hadal_initializer, parameters only */
  int64_t dimensions[HADAL_MAX_RANK];
  float initializer_std; /* standard deviation of HADAL_NORMAL */
  uint32_t owner;        /* index of the parameter for gradients and moments; own index otherwise */
  uint32_t trainable;    /* parameters: 1 when there is a gradient, 0 for the router's selection bias */
  uint32_t alias_count;
  const char *const *aliases;
};

/* A buffer of the arena. Two buffers may overlap when no launch of the same entry point lies in both lifetimes. */
struct hadal_arena_buffer {
  uint64_t offset;      /* bytes from the arena's start, a multiple of 64; of 256 on a GPU */
  uint64_t size;        /* bytes */
  uint32_t first_launch; /* index within the entry point of the first launch that touches it */
  uint32_t last_launch;  /* and of the last */
};

/* One argument of a launch: a persistent tensor, or a buffer of the entry point's arena. */
enum hadal_argument_kind { HADAL_ARGUMENT_TENSOR = 0, HADAL_ARGUMENT_ARENA = 1 };
struct hadal_argument {
  uint32_t kind;  /* enum hadal_argument_kind */
  uint32_t index; /* into hadal_program.tensors or hadal_entry.arena_buffers */
};

/* One stage of one kernel, for the tasks [first_task, end_task). Tasks are independent: any thread may run any of them
 * in any order and the result has the same bits. `arguments` holds one address per hadal_argument. `iteration` is the
 * launch's own immediate (the chunk of a loop over tokens, an element count). `scratch` is 64-byte aligned memory of the
 * calling thread, hadal_program.scratch_size bytes, with undefined contents. Addresses need only be aligned to their
 * element: --check-memory places buffers against their guard page. */
typedef void (*hadal_kernel)(void *const *arguments, int64_t iteration, int64_t first_task, int64_t end_task,
                             void *scratch);

/* How 16-byte chunks are permuted in shared memory: within spans of so many bytes. */
enum hadal_swizzle { HADAL_SWIZZLE_NONE = 0, HADAL_SWIZZLE_32 = 1, HADAL_SWIZZLE_64 = 2, HADAL_SWIZZLE_128 = 3 };

/* A tensor that a GPU's tensor memory accelerator moves by boxes: what cuTensorMapEncodeTiled is told of it. The runtime
 * encodes it once, when the address of the argument is known. Dimensions are counted from the fastest; elements out of
 * bounds read as zero and are not written. */
struct hadal_tensor_map {
  uint32_t argument;     /* among the arguments of the launch */
  uint32_t element_type; /* enum hadal_element_type */
  uint32_t rank;         /* 1 to 5 */
  uint32_t swizzle;      /* enum hadal_swizzle */
  uint64_t offset;       /* bytes into the argument, a multiple of 16 */
  int64_t sizes[HADAL_TENSOR_MAP_RANK];   /* elements */
  int64_t strides[HADAL_TENSOR_MAP_RANK]; /* bytes from one index to the next; [0] is the size of an element */
  int64_t box[HADAL_TENSOR_MAP_RANK];     /* elements that one access moves, at most 256 in a dimension */
};

/* A GPU kernel as the emulator runs it: a host function that is called once per thread of the grid. `arguments` are the
 * launch's addresses; `maps` holds one tensor map of the emulator per hadal_tensor_map. */
typedef void (*hadal_thread_function)(void *const *arguments, int64_t iteration, const void *const *maps);

/* A launch on a GPU: a grid of blocks in one dimension. The kernel's parameters are the launch's addresses (8 bytes
 * each), `iteration` (8 bytes), and the encoded tensor maps (128 bytes each, aligned to 64). */
struct hadal_gpu_launch {
  const char *symbol;             /* of the kernel in the cubin and the PTX */
  const char *location;           /* the place in the model that the kernel was made for: "tiny.mlir:12:3" */
  hadal_thread_function function; /* the kernel on the CPU when the program is emulated, otherwise NULL */
  int64_t blocks;                 /* a multiple of `cluster` */
  uint32_t threads;               /* of a block */
  uint32_t cluster;               /* blocks of a cluster, 1 for none */
  uint32_t shared_bytes;          /* dynamic shared memory of a block */
  uint32_t map_count;
  const struct hadal_tensor_map *maps;
};

struct hadal_launch {
  hadal_kernel function;   /* NULL on a GPU */
  const char *name;        /* of the kernel, with its stage: appears in traces */
  int64_t iteration;
  int64_t tasks;           /* at least 1; a barrier separates one launch from the next */
  int64_t grain;           /* tasks that a thread takes at a time, at least 1 */
  uint32_t first_argument; /* into hadal_entry.arguments */
  uint32_t argument_count;
  const struct hadal_gpu_launch *gpu; /* NULL on a CPU; otherwise `tasks` counts its blocks and `grain` is 1 */
};

/* An entry point: `accumulate` (forward, backward, add to the gradients), `gradient_norm` (the norm and the factor that
 * clips it; the runtime goes on only when the norm is finite), `update` (AdamW, bias update, clear the gradients),
 * `evaluate` (forward, `loss.main` only). */
struct hadal_entry {
  const char *name;
  const struct hadal_launch *launches;
  const struct hadal_argument *arguments;
  const struct hadal_arena_buffer *arena_buffers;
  uint64_t launch_count;
  uint64_t argument_count;
  uint64_t arena_buffer_count;
};

struct hadal_program {
  uint32_t version;      /* HADAL_PROGRAM_VERSION */
  uint32_t check_memory; /* 1: every buffer gets its own guarded mapping, poisoned outside its lifetime */
  const char *program;   /* what it does: "train", or "kernels" to check and time single kernels */
  const char *model;     /* the model's symbol name */
  const char *target;    /* "cpu", or the GPU: "sm_90a" */
  const char *cpu;       /* LLVM's name of the CPU, as printed by --cpu */
  const char *cpu_features; /* the features the code uses beyond x86-64's baseline, comma separated: "avx2,fma,avx512f" */
  const char *config_json;  /* the Hugging Face config.json of the model, or "" when it has none (--export refuses) */
  const char *config_json_reason; /* why config_json is empty */
  const char *stored_weights;     /* how the model's published weights are encoded, in a few words, or "" */
  int64_t micro_batch_size;
  int64_t sequence_length;  /* T */
  int64_t tokens_ahead;     /* 1 + D: a sample holds T + 1 + D tokens, D being the MTP depth (0 without MTP) */
  int64_t vocabulary;
  uint64_t arena_size;   /* bytes, of the largest entry point: they share one arena */
  uint64_t scratch_size; /* bytes per thread */
  uint64_t tensor_count;
  const struct hadal_tensor *tensors;
  uint64_t entry_count;
  const struct hadal_entry *entries;
  /* GPU programs: the kernels assembled for `target`, and as PTX (NUL-terminated, which is not counted) for newer GPUs.
   * An emulated program has neither. */
  const void *cubin;
  uint64_t cubin_size;
  const char *ptx;
  uint64_t ptx_size;
  uint64_t emulated; /* 1: the GPU's kernels are host functions, which run on the emulator */
};

/* Exported by the generated object. */
extern const struct hadal_program hadal_program;

/* The names of scalars (role HADAL_SCALAR) a program may have; the runtime refuses a program that asks for another.
 *
 *   accumulate  loss_scale           1 / number of micro-batches of the step; multiplies every gradient
 *               mtp_loss_weight      lambda
 *               balance_loss_weight  alpha
 *   gradient_norm  clip_norm         maximal norm of the gradient; infinity turns clipping off
 *   update      learning_rate        of this step
 *               weight_decay, beta1, beta2, epsilon     AdamW
 *               bias_correction1, bias_correction2      1 - beta^step, computed in double
 *               gradient_scale       the result of gradient_norm; multiplies every gradient
 *               router_bias_rate     gamma
 *
 * Results (role HADAL_RESULT): accumulate writes loss, loss.main, loss.mtp, loss.balance of its micro-batch (unscaled;
 * loss = main + lambda mtp + alpha balance); gradient_norm writes gradient_norm (before clipping) and gradient_scale;
 * evaluate writes loss.main.
 * Absent parts (no MTP head, no balance loss) have no result tensor and count as zero.
 */

#ifdef __cplusplus
}
static_assert(sizeof(hadal_tensor) == 80, "codegen/Host/Descriptor.cpp writes this layout");
static_assert(sizeof(hadal_arena_buffer) == 24, "codegen/Host/Descriptor.cpp writes this layout");
static_assert(sizeof(hadal_argument) == 8, "codegen/Host/Descriptor.cpp writes this layout");
static_assert(sizeof(hadal_tensor_map) == 144, "codegen/Host/Descriptor.cpp writes this layout");
static_assert(sizeof(hadal_gpu_launch) == 56, "codegen/Host/Descriptor.cpp writes this layout");
static_assert(sizeof(hadal_launch) == 56, "codegen/Host/Descriptor.cpp writes this layout");
static_assert(sizeof(hadal_entry) == 56, "codegen/Host/Descriptor.cpp writes this layout");
static_assert(sizeof(hadal_program) == 192, "codegen/Host/Descriptor.cpp writes this layout");
#endif

#endif /* HADAL_PROGRAM_H */
