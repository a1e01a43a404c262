// What strategies choose, as attributes: `#kernel.product_tiles<rows = 14, vectors = 2, row_block = 112, column_block = 512>`.
//
// A choice names what is free and nothing that decides bits (docs/rationale/arithmetic.md); what follows from it (stages,
// tasks, memory) is computed from it, the kernel and the target by the strategy's `configure`. The verifiers here know a
// choice alone: whether its numbers could be right for any kernel. Whether they are right for one is said by `configure`.
#ifndef HADAL_CODEGEN_SELECTION_CHOICES_TD
#define HADAL_CODEGEN_SELECTION_CHOICES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/Interfaces.td"
include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let summary = "what strategies choose for kernels";
  let cppNamespace = "::hadal::choices";
  let useDefaultAttributePrinterParser = 1;
}

def Kernel_ChoiceInterface : AttrInterface<"ChoiceInterface"> {
  let summary = "what a strategy chooses for a kernel";
  let cppNamespace = "::hadal";
  let methods = [
    InterfaceMethod<"the name of the form that the choice has", "::llvm::StringRef", "getForm", (ins), [{}], [{
      return ConcreteAttr::getMnemonic();
    }]>,
    InterfaceMethod<"visits the fields in order", "void", "visitFields", (ins "::hadal::FieldVisitor":$visit)>
  ];
}

// A form of choice: its fields are numbers, truth values, or choices again, of which some may be missing.
class Kernel_Choice<string name, string attrMnemonic, string what, dag fields>
    : AttrDef<Kernel_Dialect, name, [Kernel_ChoiceInterface]> {
  let mnemonic = attrMnemonic;
  let summary = what;
  let parameters = fields;
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  list<string> fieldNames = !foreach(i, !range(!size(fields)), !getdagname(fields, i));
  let extraClassDeclaration = [{
    void visitFields(::hadal::FieldVisitor visit) const;
    /// The choice with the fields that `reader` finds; null after it has said what is wrong.
    static }] # name # [{Attr fromFields(::mlir::MLIRContext *context, ::hadal::FieldReader &reader);
  }];
  let extraClassDefinition = "void $cppClass::visitFields(::hadal::FieldVisitor visit) const {\n  "
    # !interleave(!foreach(one, fieldNames, "visit(\"" # one # "\", ::hadal::FieldValue(getImpl()->" # one # "));"), "\n  ")
    # "\n}\n$cppClass $cppClass::fromFields(::mlir::MLIRContext *context, ::hadal::FieldReader &reader) {\n  "
    # !interleave(!foreach(one, fieldNames, "decltype(ImplType::" # one # ") " # one # "{};\n  reader.read(\"" # one # "\", " # one # ");"), "\n  ")
    # "\n  return reader.finish([&] { return getChecked(reader.getEmitError(), context, "
    # !interleave(fieldNames, ", ") # "); });\n}\n";
}

//===----------------------------------------------------------------------===//
// On any target
//===----------------------------------------------------------------------===//

def Kernel_ShareAttr : Kernel_Choice<"Share", "share", "how many items one worker takes",
  (ins "int64_t":$items)> {
  let description = [{
    `#kernel.share<items = 8>`: the rows, tokens or elements that a task of a CPU, or a warp or thread of a GPU, takes.
  }];
}

//===----------------------------------------------------------------------===//
// On CPUs
//===----------------------------------------------------------------------===//

def Kernel_ProductTilesAttr : Kernel_Choice<"ProductTiles", "product_tiles", "tiles of a matrix product on a CPU",
  (ins "int64_t":$rows, "int64_t":$vectors, "int64_t":$row_block, "int64_t":$column_block)> {
  let description = [{
    The register tile, rows by vectors of 16 columns, and the block of C that is a task, whole register tiles.
  }];
}

def Kernel_TileBlocksAttr : Kernel_Choice<"TileBlocks", "tile_blocks", "the block of a matrix product on AMX",
  (ins "int64_t":$row_block, "int64_t":$column_block)> {
  let description = [{
    The block of C that is a task: whole squares of two by two tiles, which have 32 rows and columns.
  }];
}

def Kernel_AttentionTilesAttr : Kernel_Choice<"AttentionTiles", "attention_tiles", "the register tile of attention on a CPU",
  (ins "int64_t":$rows, "int64_t":$vectors)>;

def Kernel_HeadTilesAttr : Kernel_Choice<"HeadTiles", "head_tiles", "the chunk of tokens and the products of the head on a CPU",
  (ins "int64_t":$chunk, "ProductTilesAttr":$logits, OptionalParameter<"ProductTilesAttr">:$hidden_gradient,
       OptionalParameter<"ProductTilesAttr">:$weight_gradient)>;

def Kernel_TileHeadAttr : Kernel_Choice<"TileHead", "tile_head", "the chunk of tokens and the products of the head on AMX",
  (ins "int64_t":$chunk, "TileBlocksAttr":$logits, OptionalParameter<"TileBlocksAttr">:$hidden_gradient,
       OptionalParameter<"TileBlocksAttr">:$weight_gradient)>;

//===----------------------------------------------------------------------===//
// On GPUs, by threads
//===----------------------------------------------------------------------===//

def Kernel_RowPlanAttr : Kernel_Choice<"RowPlan", "row_plan", "how threads share the rows of a rowwise kernel",
  (ins "int64_t":$lanes, "int64_t":$threads_per_row, "int64_t":$rows_per_block, "int64_t":$unroll, "bool":$in_registers)>;

def Kernel_ThreadTilesAttr : Kernel_Choice<"ThreadTiles", "thread_tiles", "tiles of a matrix product by threads",
  (ins "int64_t":$rows, "int64_t":$columns, "int64_t":$depth, "int64_t":$thread_rows, "int64_t":$thread_columns)>;

def Kernel_ThreadProductAttr : Kernel_Choice<"ThreadProduct", "thread_product", "a matrix product by threads",
  (ins "ThreadTilesAttr":$tiles, "bool":$splits_depth)>;

def Kernel_ThreadHeadAttr : Kernel_Choice<"ThreadHead", "thread_head", "the chunk of tokens and the products of the head by threads",
  (ins "int64_t":$chunk, "ThreadTilesAttr":$logits, OptionalParameter<"ThreadTilesAttr">:$hidden_gradient,
       OptionalParameter<"ThreadTilesAttr">:$weight_gradient)>;

def Kernel_ThreadAttentionAttr : Kernel_Choice<"ThreadAttention", "thread_attention", "the block of positions that threads own",
  (ins "int64_t":$owned, "bool":$resident)>;

def Kernel_ThreadAttentionGradientAttr : Kernel_Choice<"ThreadAttentionGradient", "thread_attention_gradient",
  "the blocks of both passes of attention's gradient by threads",
  (ins "ThreadAttentionAttr":$keys, "ThreadAttentionAttr":$queries)>;

def Kernel_ThreadLatentsAttr : Kernel_Choice<"ThreadLatents", "thread_latents", "the pairs of queries and heads that threads own, and the parts that wait",
  (ins "ThreadAttentionAttr":$tiles, "int64_t":$parts)> {
  let description = [{
    Of attention on latents: `parts` of a sequence's keys are computed side by side, and then joined; those of longer
    sequences follow in further rounds.
  }];
}

//===----------------------------------------------------------------------===//
// On GPUs, on tensor cores
//===----------------------------------------------------------------------===//

def Kernel_TensorTilesAttr : Kernel_Choice<"TensorTiles", "tensor_tiles", "tiles of a matrix product on tensor cores",
  (ins "int64_t":$rows, "int64_t":$columns, "int64_t":$stages, "int64_t":$cluster, "int64_t":$group_rows)>;

def Kernel_TensorHeadAttr : Kernel_Choice<"TensorHead", "tensor_head", "the products of the head on tensor cores",
  (ins "TensorTilesAttr":$logits, OptionalParameter<"TensorTilesAttr">:$hidden_gradient,
       OptionalParameter<"TensorTilesAttr">:$weight_gradient)>;

def Kernel_TensorAttentionAttr : Kernel_Choice<"TensorAttention", "tensor_attention", "the owned positions and the ring of attention on tensor cores",
  (ins "int64_t":$owned, "int64_t":$stages)>;

def Kernel_TensorLatentsAttr : Kernel_Choice<"TensorLatents", "tensor_latents", "the ring of attention on latents on tensor cores, and the parts that wait",
  (ins "int64_t":$stages, "int64_t":$parts)>;

def Kernel_TensorAttentionGradientAttr : Kernel_Choice<"TensorAttentionGradient", "tensor_attention_gradient",
  "both passes of attention's gradient on tensor cores",
  (ins "TensorAttentionAttr":$keys, "TensorAttentionAttr":$queries)>;

#endif // HADAL_CODEGEN_SELECTION_CHOICES_TD
