/* What a C compiler makes of the structures of program.h: the names of their fields with the bytes that they begin at.
 */
#ifndef HADAL_TEST_CODEGEN_TABLESLAYOUT_H
#define HADAL_TEST_CODEGEN_TABLESLAYOUT_H

#include "runtime/include/hadal/program.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct c_field {
  const char *name;
  size_t offset, size;
};
struct c_structure {
  size_t size, field_count;
  struct c_field fields[64];
};

/* One function for each structure: c_layout_tensor, ... */
#define HADAL_BEGIN(structure) struct c_structure c_layout_##structure(void);
#define HADAL_POINTER(type, field)
#define HADAL_FUNCTION(type, field)
#define HADAL_U32(field)
#define HADAL_I64(field)
#define HADAL_U64(field)
#define HADAL_F32(field)
#define HADAL_I64S(field, length)
#define HADAL_U32S(field, length)
#define HADAL_END(structure)
#include "runtime/include/hadal/program.def"

#ifdef __cplusplus
}
#endif

#endif /* HADAL_TEST_CODEGEN_TABLESLAYOUT_H */
