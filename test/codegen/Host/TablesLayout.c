/* Compiled as C, which program.h is written in. */
#include "test/codegen/Host/TablesLayout.h"

#define FIELD(field)                                                                                                   \
  layout.fields[layout.field_count].name = #field;                                                                     \
  layout.fields[layout.field_count].offset = offsetof(self, field);                                                    \
  layout.fields[layout.field_count].size = sizeof(((self *)0)->field);                                                 \
  ++layout.field_count;

#define HADAL_BEGIN(structure)                                                                                         \
  struct c_structure c_layout_##structure(void) {                                                                      \
    typedef struct hadal_##structure self;                                                                             \
    struct c_structure layout = {sizeof(self), 0, {{0, 0, 0}}};
#define HADAL_POINTER(type, field) FIELD(field)
#define HADAL_FUNCTION(type, field) FIELD(field)
#define HADAL_U32(field) FIELD(field)
#define HADAL_I64(field) FIELD(field)
#define HADAL_U64(field) FIELD(field)
#define HADAL_F32(field) FIELD(field)
#define HADAL_I64S(field, length) FIELD(field)
#define HADAL_U32S(field, length) FIELD(field)
#define HADAL_END(structure)                                                                                           \
  return layout;                                                                                                       \
  }
#include "runtime/include/hadal/program.def"
