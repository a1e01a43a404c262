// The cache of a program that generates: rows of earlier positions in pages, attention on them where they lie, and the
// rows that its head looks at.
#ifndef HADAL_DIALECT_IR_CACHEOPS_TD
#define HADAL_DIALECT_IR_CACHEOPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_WritePagesOp : Hadal_PureOp<"write_pages", [AllTypesMatch<["cache", "result"]>, Evaluable, InPlaceMovingKernel]> {
  let summary = "puts the rows of sequences into the pages of a cache, by their positions";
  let description = [{
    The cache is pages × positions of a page × channels, and `pages` (sequence × pages of a sequence) says in which page of
    the cache each page of a sequence lies. The result is the cache with row (b, i) of `rows` at position p = positions(b, i)
    of its sequence: row p mod L of page pages(b, p div L), L being the positions of a page. A row is left out where p lies
    outside the table of its sequence, as -1 does (an empty place in a batch), or where the table names no page of the cache.
    Rows that are written to one place are written in their order, and the last one stays. Its kernel writes these rows and
    nothing else where the result lies in the cache's memory.

    ```mlir
    // %cache: tensor<32x64x512xf32>, %rows: tensor<4x1x512xf32>, %pages: tensor<4x8xi32>, %positions: tensor<4x1xi32>
    %new = hadal.write_pages %cache, %rows, %pages, %positions
             : (tensor<32x64x512xf32>, tensor<4x1x512xf32>, tensor<4x8xi32>, tensor<4x1xi32>) -> tensor<32x64x512xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$cache, Hadal_Activation:$rows, Hadal_Indices:$pages, Hadal_Indices:$positions);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$cache `,` $rows `,` $pages `,` $positions attr-dict `:` functional-type(operands, results)";
}

def Hadal_ReadPagesOp : Hadal_PureOp<"read_pages", [Evaluable, MovingKernel]> {
  let summary = "the rows of sequences from the pages of a cache, in the order of their positions";
  let description = [{
    With the cache and the table of hadal.write_pages, row j of sequence b is row j mod L of page pages(b, j div L), for all
    j < lengths(b). Those of pages that the table does not name are zero. Rows behind them are not written: whatever is in
    their memory stays there, and nobody may read them (the reference makes them NaN).

    ```mlir
    // %cache: tensor<32x64x512xf32>, %pages: tensor<4x8xi32>, %lengths: tensor<4xi32>
    %rows = hadal.read_pages %cache, %pages, %lengths
              : (tensor<32x64x512xf32>, tensor<4x8xi32>, tensor<4xi32>) -> tensor<4x512x512xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$cache, Hadal_Indices:$pages, Hadal_Indices:$lengths);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$cache `,` $pages `,` $lengths attr-dict `:` functional-type(operands, results)";
}

def Hadal_LatentAttentionOp : Hadal_PureOp<"latent_attention", [Evaluable, Kernel, Product, InnerFactors, FollowsLength]> {
  let summary = "causal attention on the cache of latents: the absorbed form";
  let description = [{
    Keys k = W_k c and values v = W_v c of a head are products of the latent c, so that q·k = (W_kᵀ q)·c, and Σ_j p_j v_j =
    W_v Σ_j p_j c_j: a head attends on the latents themselves, which all heads share, and the products with both parts of the
    up-projection are formed once for each query (hadal.head_matmul) instead of once for each key. `absorbed` is W_kᵀ q of
    every head, batch × rows × heads·rank; of `query`, batch × rows × heads·(nope + rope), each head's last `rope` channels
    are read, rotated. The result is Σ_j p_j c_j of every head, batch × rows × heads·rank.

    `latents` and `rotary_keys` are caches, pages × positions of a page × channels, and `pages` says where the positions of
    each sequence lie in them, as in hadal.write_pages. A position of a page that is named nowhere holds zeros. A query at
    position p sees the positions j ≤ p that its sequence has, j < lengths(b): what is not seen is never read. A query that
    sees none (position -1, length 0) yields zeros. Scores are scale · (absorbed · c + query's rope · rotary key).

    Queries have one type, f32 or bf16, caches have one type. The result is f32 or of the queries' type. Where both are
    bf16, the weights of softmax are rounded to it before they are multiplied. Source: DeepSeek-V2 technical report, section
    2.1.2 and appendix C.

    ```mlir
    // %a: tensor<4x1x1024xf32>, %q: tensor<4x1x768xf32>, %c: tensor<32x64x128xf32>, %k: tensor<32x64x32xf32>, %t: tensor<4x8xi32>, %p: tensor<4x1xi32>, %n: tensor<4xi32>
    %o = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 8, scale = 0.1}
           : (tensor<4x1x1024xf32>, tensor<4x1x768xf32>, tensor<32x64x128xf32>, tensor<32x64x32xf32>, tensor<4x8xi32>,
              tensor<4x1xi32>, tensor<4xi32>) -> tensor<4x1x1024xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$absorbed, Hadal_Activation:$query, Hadal_Tensor:$latents,
                       Hadal_Tensor:$rotary_keys, Hadal_Indices:$pages, Hadal_Indices:$positions,
                       Hadal_Indices:$lengths, I64Attr:$heads, F64Attr:$scale);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $absorbed `,` $query `,` $latents `,` $rotary_keys `,` $pages `,` $positions `,` $lengths attr-dict `:`
    functional-type(operands, results)
  }];
}

def Hadal_PickRowsOp : Hadal_PureOp<"pick_rows", [Evaluable, MovingKernel]> {
  let summary = "result(b, i, :) = input(b, indices(b, i), :): chosen rows of every sequence";
  let description = [{
    What follows is computed for the chosen rows only: the logits of a prompt's last token. An index outside the sequence
    picks a row of zeros.

    ```mlir
    // %x: tensor<2x64x256xf32>, %last: tensor<2x1xi32>
    %y = hadal.pick_rows %x, %last : (tensor<2x64x256xf32>, tensor<2x1xi32>) -> tensor<2x1x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$input, Hadal_Indices:$indices);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$input `,` $indices attr-dict `:` functional-type(operands, results)";
}

#endif // HADAL_DIALECT_IR_CACHEOPS_TD
