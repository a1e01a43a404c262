// The dialect itself, its enumerations and attributes, and the base class of its operations.
#ifndef HADAL_DIALECT_IR_HADALBASE_TD
#define HADAL_DIALECT_IR_HADALBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Hadal_Dialect : Dialect {
  let name = "hadal";
  let cppNamespace = "::hadal";
  let summary = "DeepSeek-class language models: multi-head latent attention, mixtures of experts, multi-token prediction";
  let description = [{
    The dialect says what the model family says, at the height where the compiler still has choices, and no higher.

    Three layers of operations share it. *Model* operations (`hadal.layers`, `hadal.mla_attention`, `hadal.experts`,
    `hadal.mtp`, ...) are what a user writes: shapes are batch × sequence × channels with the two leading dimensions
    open, and parameters are named in place by their Hugging Face tensor names. *Program* operations (`hadal.linear`,
    `hadal.attention`, `hadal.dispatch`, their gradients, `hadal.adamw`, ...) are what model operations decompose into:
    shapes are closed and parameters are operands. *Kernel* operations (`hadal.kernel`, `hadal.launch`) hold the cut of
    a program into pieces that a target runs as one.

    An operation with parameters carries either their names (`parameters`, in quotes after the operands) or, once a
    pass has bound them, the values themselves (`weights(...)`), never both.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{ void registerAttributes(); }];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

class Hadal_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::hadal";
}

// Enumerations that stand in attribute dictionaries are written by name: `group_score = #hadal.group_score<max>`.
class Hadal_NamedEnum<string name, string summary, list<I32EnumAttrCase> cases> : Hadal_Enum<name, summary, cases> {
  let genSpecializedAttr = 0;
}

def Hadal_RopeLayout : Hadal_Enum<"RopeLayout", "which two channels a rotation couples", [
  I32EnumAttrCase<"Interleaved", 0, "interleaved">, // (x[2i], x[2i+1]), the family's own code
  I32EnumAttrCase<"Half", 1, "half">                // (x[i], x[i + dim/2]), rope_interleave = false
]>;
def Hadal_ScoreFunction : Hadal_Enum<"ScoreFunction", "how router logits become scores", [
  I32EnumAttrCase<"Sigmoid", 0, "sigmoid">, // V3, R1, Moonlight, Kimi-K2
  I32EnumAttrCase<"Softmax", 1, "softmax">  // V2, V2-Lite
]>;
def Hadal_GroupScore : Hadal_NamedEnum<"GroupScore", "how a group of experts is scored for the group limit", [
  I32EnumAttrCase<"Top2Sum", 0, "top2_sum">, // sum of the two best selection scores (V3)
  I32EnumAttrCase<"Max", 1, "max">           // the best selection score (V2)
]>;
def Hadal_GroupScoreAttr : EnumAttr<Hadal_Dialect, Hadal_GroupScore, "group_score"> { let assemblyFormat = "`<` $value `>`"; }
def Hadal_ExcludedGroups : Hadal_NamedEnum<"ExcludedGroups", "selection score of experts in groups that are not selected", [
  I32EnumAttrCase<"NegativeInfinity", 0, "negative_infinity">, // the family's own code
  I32EnumAttrCase<"Zero", 1, "zero">                           // transformers: a negative biased score then loses
]>;
def Hadal_ExcludedGroupsAttr : EnumAttr<Hadal_Dialect, Hadal_ExcludedGroups, "excluded_groups"> { let assemblyFormat = "`<` $value `>`"; }
def Hadal_MTPHiddenState : Hadal_NamedEnum<"MTPHiddenState", "which hidden state feeds an MTP depth", [
  I32EnumAttrCase<"PostNorm", 0, "post_norm">, // after the final norm, as the released weights expect
  I32EnumAttrCase<"PreNorm", 1, "pre_norm">    // before it
]>;
def Hadal_MTPHiddenStateAttr : EnumAttr<Hadal_Dialect, Hadal_MTPHiddenState, "mtp_hidden_state"> { let assemblyFormat = "`<` $value `>`"; }
def Hadal_Family : Hadal_NamedEnum<"Family", "which family's configuration a model is exported as", [
  I32EnumAttrCase<"DeepseekV2", 0, "deepseek_v2">,   // softmax routers
  I32EnumAttrCase<"DeepseekV3", 1, "deepseek_v3">,   // sigmoid routers; R1, Moonlight and Kimi-K2 as well
  I32EnumAttrCase<"Glm4MoeLite", 2, "glm4_moe_lite"> // DeepSeek-V3's computation and names under GLM's
]>;
def Hadal_FamilyAttr : EnumAttr<Hadal_Dialect, Hadal_Family, "family"> { let assemblyFormat = "`<` $value `>`"; }
def Hadal_KernelKind : Hadal_Enum<"KernelKind", "the kind of a kernel: each has one strategy per target", [
  I32EnumAttrCase<"Contraction", 0, "contraction">,
  I32EnumAttrCase<"Attention", 1, "attention">,
  I32EnumAttrCase<"Rowwise", 2, "rowwise">,
  I32EnumAttrCase<"Head", 3, "head">,
  I32EnumAttrCase<"Reduction", 4, "reduction">,
  I32EnumAttrCase<"Routing", 5, "routing">,
  I32EnumAttrCase<"Update", 6, "update">,
  I32EnumAttrCase<"Packing", 7, "packing"> // tensors brought into another layout
]>;
def Hadal_Initializer : Hadal_Enum<"Initializer", "how a parameter starts when no weights are loaded", [
  I32EnumAttrCase<"Zeros", 0, "zeros">,
  I32EnumAttrCase<"Ones", 1, "ones">,
  I32EnumAttrCase<"Normal", 2, "normal"> // mean 0, the standard deviation of the model's `initializer_std`
]>;
def Hadal_CodeFormat : Hadal_Enum<"CodeFormat", "how the numbers of a weight are coded", [
  I32EnumAttrCase<"Int8", 0, "int8">, // whole numbers from -127 to 127
  I32EnumAttrCase<"Int4", 1, "int4">, // whole numbers from -7 to 7, two in a byte
  I32EnumAttrCase<"FP8", 2, "fp8">    // E4M3, as DeepSeek publishes weights
]>;
def Hadal_Reduction : Hadal_Enum<"Reduction", "how the elements of a row become one", [
  I32EnumAttrCase<"Add", 0, "add">,
  I32EnumAttrCase<"Maximum", 1, "maximum">
]>;

// Words that several parts of the compiler know (dialect/IR/Words.h).
def Hadal_KnownProgram : Hadal_Enum<"KnownProgram", "what a compiled program does", [
  I32EnumAttrCase<"Train", 0, "train">,
  I32EnumAttrCase<"Evaluate", 1, "evaluate">,
  I32EnumAttrCase<"Generate", 2, "generate">,
  I32EnumAttrCase<"Kernels", 3, "kernels"> // not made from a model: checks and times single kernels
]>;
def Hadal_Precision : Hadal_Enum<"Precision", "the type in which products are formed where a model asks for none", [
  I32EnumAttrCase<"F32", 0, "f32">,
  I32EnumAttrCase<"BF16", 1, "bf16">
]>;
def Hadal_WeightForm : Hadal_Enum<"WeightForm", "in which form a program keeps the weights of its products", [
  I32EnumAttrCase<"AsIs", 0, "as-is">, // as the model says that it was published; else in the type of the factors
  I32EnumAttrCase<"BF16", 1, "bf16">,
  I32EnumAttrCase<"FP8", 2, "fp8">,
  I32EnumAttrCase<"Int8", 3, "int8">,
  I32EnumAttrCase<"Int4", 4, "int4"> // those of routed experts; the others int8
]>;
def Hadal_EntryRole : Hadal_Enum<"EntryRole", "what an entry point of a program does; it is the function's name", [
  I32EnumAttrCase<"Forward", 0, "forward">, // what the others are made from
  I32EnumAttrCase<"Accumulate", 1, "accumulate">,
  I32EnumAttrCase<"GradientNorm", 2, "gradient_norm">,
  I32EnumAttrCase<"Update", 3, "update">,
  I32EnumAttrCase<"Evaluate", 4, "evaluate">
]>;
def Hadal_ArgumentRole : Hadal_Enum<"ArgumentRole", "what an argument of an entry point is", [
  I32EnumAttrCase<"Parameter", 0, "parameter">,
  I32EnumAttrCase<"Gradient", 1, "gradient">,
  I32EnumAttrCase<"FirstMoment", 2, "first_moment">,
  I32EnumAttrCase<"SecondMoment", 3, "second_moment">,
  I32EnumAttrCase<"State", 4, "state">,
  I32EnumAttrCase<"Input", 5, "input">,
  I32EnumAttrCase<"Scalar", 6, "scalar">, // a tensor<f32> that the runtime sets
  I32EnumAttrCase<"Packed", 7, "packed">  // a parameter in another layout, made when it is loaded
]>;

// How a kernel reads one of its arguments: see dialect/IR/KernelParts.h.
def Hadal_Access : I32BitEnumAttr<"Access", "how a kernel reads an argument", [
  I32BitEnumAttrCaseNone<"None", "none">,
  I32BitEnumAttrCaseBit<"Anchor", 0, "anchor">,             // by the anchor, or what computes its operands, as a whole
  I32BitEnumAttrCaseBit<"Gathered", 1, "gathered">,         // row by row, chosen by indices, for the anchor
  I32BitEnumAttrCaseBit<"Element", 2, "element">,           // by the epilogue: the element at the same place
  I32BitEnumAttrCaseBit<"SharedRow", 3, "row">,             // one row that all rows share
  I32BitEnumAttrCaseBit<"NumberPerRow", 4, "number_per_row">,
  I32BitEnumAttrCaseBit<"Number", 5, "number">
]> {
  let cppNamespace = "::hadal";
  let separator = "|";
  let genSpecializedAttr = 0;
}

class Hadal_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Hadal_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

// A real number in an attribute, printed with the fewest digits that read back to the same value.
class Hadal_Real<string desc> : AttrOrTypeParameter<"::hadal::Real", desc, "double"> {
  let parser = "::hadal::parseReal($_parser)";
  let printer = "::hadal::printReal($_printer, $_self)";
}
class Hadal_DefaultReal<string value, string desc>
    : DefaultValuedParameter<"::hadal::Real", "::hadal::Real(" # value # ")", desc> {
  let cppAccessorType = "double";
  let parser = "::hadal::parseReal($_parser)";
  let printer = "::hadal::printReal($_printer, $_self)";
}

def Hadal_YarnAttr : Hadal_Attr<"Yarn", "yarn"> {
  let summary = "YaRN context extension of a rotary embedding";
  let description = [{
    Static: it applies at every length. With dimension d, base θ and s = `factor`, frequency i is
    f_i = θ^(-2i/d); low and high are floor and ceil (the numbers themselves with `truncate = false`) of
    d·ln(L/(2πβ)) / (2 ln θ) for β = `beta_fast` and `beta_slow`, L = `original_length`, clamped to [0, d-1]; high is
    0.001 more where they meet; r_i = clamp((i - low)/(high - low), 0, 1); the frequency used is
    f_i (1 - r_i) + (f_i / s) r_i. `beta_fast = beta_slow` makes nearly a step of the ramp (Kimi-K2). With
    m(x) = 0.1·x·ln(s) + 1 (1 when s ≤ 1), cos and sin are multiplied by `attention_factor`, or, where that is 0, by
    m(`mscale`) / m(`mscale_all_dim`), and the softmax scale by m(`mscale_all_dim`)². Source: Peng et al. 2023,
    DeepSeek-V3's inference/model.py, and transformers for `attention_factor` and `truncate`.
  }];
  let parameters = (ins
    Hadal_Real<"context extension factor s">:$factor,
    "int64_t":$original_length,
    Hadal_DefaultReal<"32.0", "">:$beta_fast,
    Hadal_DefaultReal<"1.0", "">:$beta_slow,
    Hadal_DefaultReal<"1.0", "">:$mscale,
    Hadal_DefaultReal<"1.0", "">:$mscale_all_dim,
    Hadal_DefaultReal<"0.0", "">:$attention_factor,
    DefaultValuedParameter<"bool", "true">:$truncate);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Hadal_RopeAttr : Hadal_Attr<"Rope", "rope"> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates `dim` channels (even) of a head: pair i by the angle position · f_i with f_i = `theta`^(-2i/dim), or YaRN's
    frequencies. `layout` says which two channels are pair i. Example:
    `#hadal.rope<theta = 1.0e4, dim = 64, yarn = <factor = 40.0, original_length = 4096>>`.
  }];
  let parameters = (ins
    Hadal_Real<"base of the frequencies">:$theta,
    "int64_t":$dim,
    DefaultValuedParameter<"::hadal::RopeLayout", "::hadal::RopeLayout::Interleaved">:$layout,
    OptionalParameter<"::hadal::YarnAttr">:$yarn);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The dim/2 frequencies, YaRN applied.
    ::llvm::SmallVector<double> getFrequencies() const;
    /// What cos and sin are multiplied by: 1 without YaRN.
    double getAttentionFactor() const;
    /// What the softmax scale 1/sqrt(nope + rope) is multiplied by: 1 without YaRN.
    double getSoftmaxFactor() const;
  }];
}

// A misspelt optional attribute would otherwise be carried along, and another model compiled.
def KnownAttributesOnly : NativeOpTrait<"KnownAttributesOnly"> { let cppNamespace = "::hadal"; }
// Elements and bytes are counted in 64 bits everywhere behind the verifier.
def CountableTensors : NativeOpTrait<"CountableTensors"> { let cppNamespace = "::hadal"; }
// Whoever does not know how an encoded tensor lies would read it as rows.
def KnownEncodings : NativeOpTrait<"KnownEncodings"> { let cppNamespace = "::hadal"; }

class Hadal_Op<string mnemonic, list<Trait> traits = []>
    : Op<Hadal_Dialect, mnemonic, !listconcat([KnownAttributesOnly, CountableTensors, KnownEncodings], traits)>;

#endif // HADAL_DIALECT_IR_HADALBASE_TD
