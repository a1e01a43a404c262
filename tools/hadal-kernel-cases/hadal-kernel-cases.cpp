//===- hadal-kernel-cases.cpp - operands and reference values of kernels, in a file -------------------------------===//
//
// Reads a file with hadal.kernel operations, gives each random operands that make sense (tools/hadal-check-kernels),
// lets the reference evaluator compute the results in float64, and writes it all as safetensors: KERNEL.operand.N,
// KERNEL.result.N in float32, KERNEL.tolerance.N in bf16 and an empty KERNEL.element.N of the result's own element
// type. A program of single kernels (hadal-launch-kernels) checks itself against such a file on a machine without a
// compiler.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/Choices.h"
#include "codegen/Support/OutputFile.h"
#include "dialect/IR/Hadal.h"
#include "dialect/PTX/PTX.h"
#include "dialect/Reference/Models.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "tools/ShortHelp.h"
#include "tools/Support/Tool.h"
#include "tools/hadal-check-kernels/Inputs.h"
#include "tools/hadal-check-kernels/Tolerance.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

/// The element type's name in safetensors, or nothing.
std::optional<StringRef> getTypeName(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isF32())
    return StringRef("F32");
  if (element.isBF16())
    return StringRef("BF16");
  if (element.isInteger(32))
    return StringRef("I32");
  return std::nullopt;
}

/// The file, gathered in memory.
class CaseWriter {
public:
  /// `type` is F32, I32, or BF16; numbers that bf16 does not have are rounded up there.
  void add(const Twine &name, const Tensor &tensor, StringRef type) {
    size_t begin = bytes.size();
    unsigned size = type == "BF16" ? 2 : 4;
    for (double value : tensor.data) {
      uint32_t bits = type == "I32" ? uint32_t(int32_t(value)) : llvm::bit_cast<uint32_t>(float(value));
      if (size == 2)
        bits = (bits >> 16) + ((bits & 0xffff) != 0);
      char text[4];
      llvm::support::endian::write32le(text, bits);
      bytes.insert(bytes.end(), text, text + size);
    }
    declare(name, type, tensor.shape, begin);
  }
  void addEmpty(const Twine &name, StringRef type) { declare(name, type, {0}, bytes.size()); }

  llvm::Error write(StringRef path) const {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::json::Value(llvm::json::Object(header));
    text.append((8 - text.size() % 8) % 8, ' '); // tensors begin at multiples of eight
    char length[8];
    llvm::support::endian::write64le(length, text.size());
    return writeFile(path, [&](llvm::raw_pwrite_stream &stream) {
      stream.write(length, sizeof length) << text << StringRef(bytes.data(), bytes.size());
      return llvm::Error::success();
    });
  }

private:
  void declare(const Twine &name, StringRef type, ArrayRef<int64_t> shape, size_t begin) {
    header[name.str()] = llvm::json::Object{{"dtype", type},
                                            {"shape", llvm::json::Array(shape)},
                                            {"data_offsets", llvm::json::Array{int64_t(begin), int64_t(bytes.size())}}};
  }

  llvm::json::Object header;
  std::vector<char> bytes;
};

struct Options {
  std::string input, output, prefix;
  uint64_t seed;
  Routing routing;
  bool integersOnly;
};

LogicalResult addKernel(KernelOp kernel, const Options &options, CaseWriter &writer) {
  for (TypeRange types : {TypeRange(kernel.getArgumentTypes()), TypeRange(kernel.getResultTypes())})
    for (Type type : types)
      if (!getTypeName(type))
        return kernel.emitError("has ") << type << ": cases are written for tensors of f32, bf16 and i32";
  FailureOr<SmallVector<Tensor>> inputs = makeInputs(kernel, options.seed, options.routing, options.integersOnly);
  if (failed(inputs) || (!options.integersOnly && failed(attend(kernel, *inputs))))
    return failure();
  std::string name = options.prefix + kernel.getName().str();
  for (auto [index, input, type] : llvm::enumerate(*inputs, kernel.getArgumentTypes()))
    if (StringRef element = *getTypeName(type); element == "I32" || !options.integersOnly)
      writer.add(name + ".operand." + Twine(index), input, element);
  if (options.integersOnly)
    return success();
  FailureOr<Reference> reference = Reference::evaluate(kernel, *inputs);
  if (failed(reference))
    return failure();
  for (auto [index, type] : llvm::enumerate(kernel.getResultTypes())) {
    StringRef element = *getTypeName(type);
    // Reference values have the digits that a result in bf16 has not.
    writer.add(name + ".result." + Twine(index), reference->results[index], element == "I32" ? "I32" : "F32");
    writer.add(name + ".tolerance." + Twine(index), reference->tolerances[index], "BF16");
    writer.addEmpty(name + ".element." + Twine(index), element);
  }
  return success();
}

int run(const Options &options) {
  DialectRegistry registry;
  registerAllDialects(registry);
  registry.insert<HadalDialect, choices::KernelDialect, ptx::PTXDialect>();
  registerReferenceModels(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(options.input, sources, &context);
  if (!module)
    return 1;
  CaseWriter writer;
  unsigned count = 0;
  for (KernelOp kernel : module->getOps<KernelOp>()) {
    if (failed(addKernel(kernel, options, writer)))
      return 1;
    ++count;
  }
  if (count == 0) {
    llvm::errs() << "error: " << options.input << " holds no kernel\n";
    return 1;
  }
  if (llvm::Error error = writer.write(options.output)) {
    llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  // LLVM's libraries register options of their own, under names such as `threads`: none is an option of this tool. First
  // of all, since --help is registered when the options are asked for.
  llvm::cl::ResetCommandLineParser();
  Tool tool("hadal-kernel-cases", argc, argv);
  namespace cl = llvm::cl;
  ShortHelp help(tool.argc(), tool.argv());
  cl::OptionCategory category("Options of hadal-kernel-cases");
  cl::opt<std::string> input(cl::Positional, cl::desc("<kernels.mlir>"), cl::Required, cl::cat(category));
  cl::opt<std::string> output("o", cl::desc("the file to write"), cl::Required, cl::cat(category));
  cl::opt<std::string> prefix("prefix", cl::desc("put this before the kernels' names"), cl::cat(category));
  cl::opt<uint64_t> seed("seed", cl::desc("of the random operands"), cl::init(1), cl::cat(category));
  cl::opt<Routing> routing("routing", cl::desc("how tokens are spread over experts"), cl::init(Routing::Uniform),
                           cl::values(clEnumValN(Routing::Uniform, "uniform", "at random"),
                                      clEnumValN(Routing::Skewed, "skewed", "over a third of the experts"),
                                      clEnumValN(Routing::Last, "last", "all to the last experts")),
                           cl::cat(category));
  cl::opt<bool> integersOnly("integers-only", cl::desc("write integer operands and nothing else, for timing"),
                             cl::cat(category));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(tool.argc(), tool.argv(), "Writes operands and reference values of kernels\n",
                                   &llvm::errs()))
    return 2;
  return run({input, output, prefix, seed, routing, integersOnly});
}
