// The program that generates: an entry point for one row of each of 1, 2, 4 and 5 sequences, and one for a chunk of a prompt. They
// share parameters and caches. A prompt's attention reads the latent and the rotated key from pages, and keys and values are formed
// of what it reads, as far as the sequence goes; a generated row attends on the latent itself, or, where every row is to be exact,
// as a prompt's. The losses of further tokens are gone, their parameters too.
// RUN: hadal-opt %s --hadal-build-generation="max-sequence=100 max-batch=5 prefill-chunk=7 cache-type=bf16 speculate=0" | FileCheck %s
// RUN: hadal-opt %s --hadal-build-generation="max-batch=1 prefill-chunk=1 speculate=0" | FileCheck %s --check-prefix=ONE
// RUN: hadal-opt %s --hadal-build-generation="max-batch=1 exact=train" | FileCheck %s --check-prefix=EXACT --implicit-check-not=hadal.latent_attention
// RUN: hadal-opt %s --hadal-build-generation="max-sequence=100 max-batch=2 prefill-chunk=7" | FileCheck %s --check-prefix=DRAFTS --implicit-check-not=hadal.cross_entropy
// RUN: hadal-opt %s --hadal-build-generation="max-batch=1 speculate=4" | FileCheck %s --check-prefix=MORE
// RUN: hadal-opt %s --hadal-build-generation="max-sequence=200 max-batch=1 speculate=0" | FileCheck %s --check-prefix=CHUNKS
// RUN: not hadal-opt %s --hadal-build-generation="speculate=9" 2>&1 | FileCheck %s --check-prefix=MOST
// RUN: not hadal-opt %s --hadal-build-generation="max-batch=0" 2>&1 | FileCheck %s --check-prefix=BATCH
// RUN: not hadal-opt %s --hadal-build-generation="max-sequence=-1" 2>&1 | FileCheck %s --check-prefix=SEQUENCE
// RUN: not hadal-opt %s --hadal-build-generation="max-sequence=64 prefill-chunk=65" 2>&1 | FileCheck %s --check-prefix=CHUNK
// RUN: not hadal-opt %s --hadal-build-generation="cache-type=f16" 2>&1 | FileCheck %s --check-prefix=TYPE
// MOST: error: drafts at most 8 tokens at a time: --speculate is 0 to 8, not 9
// RUN: not hadal-opt %s --hadal-build-generation="exact=evaluate" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not hadal-opt %s --hadal-build-generation="exact=train cache-type=bf16" 2>&1 | FileCheck %s --check-prefix=NARROW
// BATCH: error: needs a --max-batch from 1 to 4096, not 0
// SEQUENCE: error: needs a --max-sequence from 1 to 1048576, not -1
// CHUNK: error: needs a --prefill-chunk that fits --max-sequence, from 1 to 64, not 65
// TYPE: error: unknown type of the cache 'f16'; known types: f32, bf16

// UNKNOWN: error: unknown program 'evaluate' to be exact to; known programs: train
// NARROW: error: a cache of bf16 cannot hold what training in f32 computes: leave out --cache-type, or --exact=train

// A prompt of one token is read as any other.
// ONE: hadal.state @cache.0 : tensor<5x64x5xf32>
// ONE: func.func @decode.1(
// ONE: hadal.latent_attention
// ONE: func.func @prefill.1({{.*}} {hadal.input = "rows"}
// ONE: hadal.attention
// ONE-NOT: func.func

// Short prompts and the ends of long ones have chunks of their own.
// CHUNKS: func.func @prefill.16(
// CHUNKS: func.func @prefill.64(
// CHUNKS: func.func @prefill.200(
// CHUNKS-NOT: func.func @prefill

// EXACT: func.func @decode.1(
// EXACT: hadal.counted_matmul
// EXACT: hadal.attention

// CHECK: module attributes {hadal.model = "m", hadal.tokens_ahead = 2 : i64, hadal.unread_parameters = ["norm", "mtp.{{.*}}hadal.vocabulary = 8
// CHECK-NOT: hadal.parameter @mtp
// CHECK: hadal.state @cache.0 : tensor<10x64x5xbf16>
// CHECK: hadal.state @cache.1 : tensor<10x64x4xbf16>
// CHECK-NOT: hadal.state

// CHECK-LABEL: func.func @decode.1(
// CHECK-LABEL: func.func @decode.2(
// CHECK-LABEL: func.func @decode.4(
// CHECK-LABEL: func.func @decode.5(%{{.*}}: tensor<5x3xi32> {hadal.input = "tokens"}
// CHECK-SAME: %[[P:[a-z0-9]*]]: tensor<5x1xi32> {hadal.input = "positions"}, %[[L:[a-z0-9]*]]: tensor<5xi32> {hadal.input = "lengths"}, %[[T:[a-z0-9]*]]: tensor<5x2xi32> {hadal.input = "pages"},
// CHECK-SAME: %[[C:[a-z0-9]*]]: tensor<10x64x5xbf16> {hadal.state = @cache.0}, %{{.*}}: tensor<10x64x4xbf16> {hadal.state = @cache.1})
// CHECK-SAME: -> (tensor<5x1x8xf32> {hadal.result = "logits"}, tensor<5x1x2xf32> {hadal.result = "normalizers"}, tensor<10x64x5xbf16> {hadal.tied = {{[0-9]+}} : index}, tensor<10x64x4xbf16> {hadal.tied = {{[0-9]+}} : index})
// CHECK: hadal.rope %{{.*}} positions(%[[P]] : tensor<5x1xi32>) {heads = 3 : i64, position_limit = 128 : i64
// CHECK: hadal.rope %{{.*}} positions(%[[P]] : tensor<5x1xi32>) {heads = 1 : i64, position_limit = 128 : i64
// CHECK: %[[R:.*]] = arith.truncf %{{.*}} : tensor<5x1x5xf32> to tensor<5x1x5xbf16>
// CHECK: %[[W:.*]] = hadal.write_pages %[[C]], %[[R]], %[[T]], %[[P]]
// CHECK: %[[K:.*]] = hadal.write_pages
// CHECK: %[[A:.*]] = hadal.head_matmul %[[Q:.*]], %[[UP:.*]] {count = 3 : i64, first = 0 : i64, heads = 3 : i64}
// CHECK: %[[O:.*]] = hadal.latent_attention %[[A]], %[[Q]], %[[W]], %[[K]], %[[T]], %[[P]], %[[L]] {heads = 3 : i64
// CHECK: hadal.head_matmul %[[O]], %[[UP]] {count = 5 : i64, first = 3 : i64, {{.*}}heads = 3 : i64, transpose_rhs}
// CHECK-NOT: hadal.read_pages
// CHECK: hadal.logits %{{.*}} -> (tensor<5x1x8xf32>, tensor<5x1x2xf32>)

// CHECK-LABEL: func.func @prefill.7(%{{.*}}: tensor<1x9xi32> {hadal.input = "tokens"}
// CHECK-SAME: %[[P:[a-z0-9]*]]: tensor<1x7xi32> {hadal.input = "positions"}, %[[L:[a-z0-9]*]]: tensor<1xi32> {hadal.input = "lengths"}, %[[T:[a-z0-9]*]]: tensor<1x2xi32> {hadal.input = "pages"},
// CHECK-SAME: %[[ROWS:[a-z0-9]*]]: tensor<1x1xi32> {hadal.input = "rows"}
// CHECK: %[[W:.*]] = hadal.write_pages
// CHECK: %[[B:.*]] = hadal.read_pages %[[W]], %[[T]], %[[L]] : {{.*}} -> tensor<1x128x5xbf16>
// CHECK: %[[X:.*]] = arith.extf %[[B]]
// CHECK: %[[KV:.*]] = hadal.counted_matmul %[[X]], %{{.*}}, %[[L]] {{.*}} -> tensor<1x128x24xf32>
// CHECK: hadal.attention %{{.*}}, %[[KV]], %{{.*}} positions(%[[P]]) key_lengths(%[[L]])
// CHECK: %[[H:.*]] = hadal.pick_rows %{{.*}}, %[[ROWS]] : (tensor<1x7x10xf32>, tensor<1x1xi32>) -> tensor<1x1x10xf32>
// CHECK: hadal.logits %[[H]]
// CHECK-NOT: func.func

// With one loss of further tokens the program drafts one, beside every shape of the main model's: what stands in @forward
// between the hidden state that the loss follows from and the loss, with caches of its own. It reads the token ahead.
// DRAFTS-NOT: unread_parameters
// DRAFTS: hadal.state @cache.0
// DRAFTS: hadal.state @cache.1
// DRAFTS: hadal.state @draft.1.cache.0 : tensor<4x64x5xf32>
// DRAFTS: hadal.state @draft.1.cache.1
// DRAFTS-LABEL: func.func @decode.1(
// DRAFTS-SAME: tensor<1x1x10xf32> {hadal.result = "hidden"}
// DRAFTS-LABEL: func.func @draft.1.decode.1(
// DRAFTS-LABEL: func.func @decode.2(
// DRAFTS-LABEL: func.func @draft.1.decode.2(
// DRAFTS-LABEL: func.func @decode.1.2(
// DRAFTS-LABEL: func.func @draft.1.decode.1.2(
// DRAFTS-LABEL: func.func @decode.2.2(
// DRAFTS-SAME: -> (tensor<2x2x8xf32> {hadal.result = "logits"}, {{.*}} tensor<2x2x10xf32> {hadal.result = "hidden"}
// DRAFTS: %[[H:.*]] = hadal.linear {{.*}} -> tensor<2x2x10xf32>
// DRAFTS-NEXT: hadal.logits %[[H]]
// DRAFTS-NEXT: return {{.*}} %[[H]],
// DRAFTS-LABEL: func.func @draft.1.decode.2.2(
// DRAFTS-SAME: %[[W:[a-z0-9]*]]: tensor<2x4xi32> {hadal.input = "tokens"}
// DRAFTS-SAME: %[[IN:[a-z0-9]*]]: tensor<2x2x10xf32> {hadal.input = "hidden"}
// DRAFTS-SAME: %[[ROWS:[a-z0-9]*]]: tensor<2x1xi32> {hadal.input = "rows"}
// DRAFTS-SAME: {hadal.state = @draft.1.cache.0}
// DRAFTS-SAME: -> (tensor<2x1x8xf32> {hadal.result = "logits"}, {{.*}} tensor<2x2x10xf32> {hadal.result = "hidden"}
// DRAFTS-NOT: hadal.tokens %[[W]] ahead 0
// DRAFTS: hadal.tokens %[[W]] ahead 1
// DRAFTS: hadal.rms_norm %[[IN]]
// DRAFTS: hadal.latent_attention
// DRAFTS: %[[OUT:.*]] = hadal.rms_norm
// DRAFTS: %[[PICKED:.*]] = hadal.pick_rows %[[OUT]], %[[ROWS]]
// DRAFTS: hadal.logits %[[PICKED]]
// DRAFTS: return {{.*}} %[[OUT]],
// DRAFTS-LABEL: func.func @prefill.7(
// DRAFTS-LABEL: func.func @draft.1.prefill.7(
// DRAFTS-NOT: func.func

// More drafts than losses: the last one goes on, and up to five rows are verified.
// MORE: func.func @decode.1.2(
// MORE: func.func @decode.1.4(
// MORE: func.func @decode.1.5(
// MORE: func.func @draft.1.decode.1.5(

func.func private @block(%x: tensor<?x?x10xf32>) -> tensor<?x?x10xf32> {
  %q = hadal.linear %x "q.weight" : tensor<?x?x10xf32> -> tensor<?x?x21xf32>
  %c = hadal.linear %x "kv.weight" : tensor<?x?x10xf32> -> tensor<?x?x9xf32>
  %o = hadal.mla_attention %q, %c "up.weight", "norm.weight" {heads = 3, nope = 3, value = 5, rope = #hadal.rope<theta = 100.0, dim = 4>, eps = 1.0e-6} : tensor<?x?x21xf32>, tensor<?x?x9xf32> -> tensor<?x?x15xf32>
  %y = hadal.linear %o "o.weight" : tensor<?x?x15xf32> -> tensor<?x?x10xf32>
  return %y : tensor<?x?x10xf32>
}

hadal.model @m(%window: tensor<?x?xi32>) attributes {initializer_std = 0.02, context_length = 300} {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "embed" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x10xf32>
  %h = hadal.layers %x "layers" 0 to 1 {@block} : tensor<?x?x10xf32>
  %loss = hadal.cross_entropy %h, %next "head" {vocabulary = 8} : tensor<?x?x10xf32>, tensor<?x?xi32>
  %n = hadal.rms_norm %h "norm" {eps = 1.0e-6} : tensor<?x?x10xf32>
  %mtp = hadal.mtp %h, %window "mtp" 1 to 2 {@block} embedding "embed" norm "norm" head "head" {vocabulary = 8, eps = 1.0e-6} : tensor<?x?x10xf32>, tensor<?x?xi32> -> tensor<f32>
  hadal.losses main(%loss) mtp(%mtp)
}
