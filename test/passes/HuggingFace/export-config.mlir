// A model that computes what Hugging Face's models compute has a config.json, however it is written; another has none.
// RUN: sed -e 's/%%r  = arith.addf %%x, %%y/%%r = arith.addf %%y, %%x/' %hadal/models/tiny.mlir > %t.mlir
// RUN: hadal-opt %t.mlir --hadal-export-config -o /dev/null | FileCheck %s
// RUN: sed -e 's/%%r  = arith.addf %%x, %%y/%%r = arith.subf %%x, %%y/' %hadal/models/tiny.mlir > %t.mlir
// RUN: not hadal-opt %t.mlir --hadal-export-config -o /dev/null 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: sed -e 's/self_attn.o_proj/self_attn.out/' %hadal/models/tiny.mlir > %t.mlir
// RUN: not hadal-opt %t.mlir --hadal-export-config -o /dev/null 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not hadal-opt %s --hadal-export-config -o /dev/null 2>&1 | FileCheck %s --check-prefix=EMPTY

// CHECK: "model_type": "deepseek_v3"
// OTHER: error: Hugging Face's DeepSeek models cannot express this model: it has arith.subf at line {{[0-9]+}}, column 8, where they have arith.addf
// NAME: error: {{.*}} it has hadal.linear at line {{[0-9]+}}, column 9, where they have hadal.linear with other operands, types or attributes
// EMPTY: error: {{.*}} its layers have no hadal.mla_attention

hadal.model @bigrams(%window: tensor<?x?xi32>) {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 256} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %loss = hadal.cross_entropy %x, %next "lm_head.weight" {vocabulary = 256} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%loss)
}
