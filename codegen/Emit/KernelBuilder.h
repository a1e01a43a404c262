//===- KernelBuilder.h - conveniences for emitting kernels --------------------------------------------------------===//
//
// A thin layer over OpBuilder in which the emitters of both targets are written: integers are i64, memory is reached
// through untyped pointers and element offsets, loops are scf.for. On CPUs buffers are aligned to their element only,
// so vector loads and stores are unaligned ones; on GPUs they begin at multiples of 16 bytes, and an access says how
// much of that its index keeps.
//
// The usual frame of a stage on a CPU (on a GPU: codegen/GPU/Frames/GPUStage.h):
//
//   StageFunction stage(builder, kernel, spec, target);          // the function, insertion point inside it
//   KernelBuilder &k = stage.k;
//   Value x = k.argument(0), y = k.argument(1);
//   stage.forTasks([&](Value task) {
//     k.forVectors(0, columns, [&](Value column, Value mask) {   // whole vectors, then one masked tail
//       k.storeVector(k.loadVector(x, column, mask), y, column, mask);
//     });
//   });
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_KERNELBUILDER_H
#define HADAL_CODEGEN_EMIT_KERNELBUILDER_H

#include "codegen/Selection/Strategy.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace hadal {

/// Memory that holds numbers of a floating-point type (null: f32), which kernels read and write as f32.
struct TypedPointer {
  mlir::Value pointer;
  mlir::Type element;
  TypedPointer(mlir::Value pointer = {}, mlir::Type element = {}) : pointer(pointer), element(element) {}
  explicit operator bool() const { return bool(pointer); }
};

class KernelBuilder {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Type = mlir::Type;
  using Body = llvm::function_ref<void(Value)>;
  using ReducingBody = llvm::function_ref<llvm::SmallVector<Value>(Value, ValueRange)>;
  using VectorBody = llvm::function_ref<void(Value index, Value mask)>;

  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc, const TargetDescription &target)
      : KernelBuilder(builder, loc, target, target.lanes) {}
  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc, const TargetDescription &target, int64_t lanes)
      : builder(builder), loc(loc), target(target), lanes(lanes) {}

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const TargetDescription &target;
  /// Elements of a vector: on CPUs the f32 lanes of the target, on GPUs what a thread handles at a time, which may
  /// differ from loop to loop.
  int64_t lanes;
  /// The pointer to the kernel's arguments and the thread's scratch: set by StageFunction.
  Value argumentArray, scratch;
  /// The kernel's arguments themselves, where the function has them as such: set by GPUStage.
  llvm::SmallVector<Value> arguments;

  //===- Types
  //--------------------------------------------------------------------------------------------------------===//
  Type f32() { return builder.getF32Type(); }
  Type i32() { return builder.getI32Type(); }
  Type i64Type() { return builder.getI64Type(); }
  Type pointerType();
  mlir::VectorType vectorOf(Type element) { return mlir::VectorType::get({lanes}, element); }

  //===- Integers and constants
  //---------------------------------------------------------------------------------------===//
  Value i64(int64_t value);
  Value i32(int32_t value);
  Value f32(double value);
  /// A constant of any type: f32, i32, i64, i1 or a vector of one of them.
  Value constant(Type type, double value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, i64(b)); }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return mul(a, i64(b)); }
  /// Quotient and remainder of numbers that are not negative.
  Value div(Value a, int64_t b);
  Value rem(Value a, int64_t b);
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  Value less(Value a, Value b);
  Value equal(Value a, Value b);
  /// i32 -> i64, sign-extended, and back.
  Value extend(Value value);
  Value truncate(Value value);

  //===- Real numbers: f32 or vectors of it
  //---------------------------------------------------------------------------===//
  Value addf(Value a, Value b);
  Value subf(Value a, Value b);
  Value mulf(Value a, Value b);
  Value divf(Value a, Value b);
  Value fma(Value a, Value b, Value c);
  Value maxf(Value a, Value b);
  /// Any floating-point type to f32, exactly; and f32 to another type (null: f32), to nearest even.
  Value widen(Value value);
  Value round(Value value, Type element);
  Value select(Value condition, Value a, Value b);

  //===- Memory
  //-------------------------------------------------------------------------------------------------------===//
  /// Argument of the kernel by its place: operands, then results, then the workspace.
  Value argument(unsigned index);
  /// An operand or a result of the kernel as memory of its element type.
  TypedPointer typedArgument(KernelOp kernel, unsigned index);
  /// ptr + index elements of the type.
  Value address(Value pointer, Value index, Type element);
  /// Loads and stores of one element, at an element index (null: 0).
  Value load(Type type, Value pointer, Value index = {});
  void store(Value value, Value pointer, Value index = {});
  /// Loads and stores of a vector of `lanes` elements; with a mask only where it is set, and the others are read as 0
  /// (or as `otherwise`).
  Value loadVector(Value pointer, Value index, Value mask = {}, Type element = {}, Value otherwise = {});
  void storeVector(Value value, Value pointer, Value index, Value mask = {});
  /// Stores a whole vector past the caches. It begins at a multiple of its size in a buffer that begins at a cache
  /// line.
  void storeStreamed(Value value, Value pointer, Value index);
  /// What has been stored so is seen before what is stored behind this.
  void fenceStreamed();
  /// The same where the pointer is aligned to 16 bytes and the index is a multiple of `multiple`: accesses of up to 16
  /// bytes that begin at a multiple of their size.
  Value loadAligned(Type element, Value pointer, Value index, int64_t multiple);
  void storeAligned(Value value, Value pointer, Value index, int64_t multiple);
  /// The same on numbers of any floating-point type, as f32: widened when they are loaded, rounded when they are
  /// stored.
  Value loadNumber(TypedPointer from, Value index = {});
  void storeNumber(Value value, TypedPointer to, Value index = {});
  Value loadVector(TypedPointer from, Value index, Value mask = {});
  void storeVector(Value value, TypedPointer to, Value index, Value mask = {});
  Value loadAligned(TypedPointer from, Value index, int64_t multiple);
  void storeAligned(Value value, TypedPointer to, Value index, int64_t multiple);
  /// Asks for the cache line of an element before it is read or, `forWriting`, written: into the first-level cache, or,
  /// `later`, into the second. Nothing depends on it. On CPUs.
  void prefetch(Value pointer, Value index, Type element, bool forWriting, bool later = false);
  /// Loads element index[i] for every lane.
  Value gather(Type element, Value pointer, Value indices, Value mask = {});

  //===- Vectors
  //------------------------------------------------------------------------------------------------------===//
  Value broadcast(Value scalar);
  Value splat(double value) { return broadcast(f32(value)); }
  /// Lane i is set when i < count.
  Value maskFor(Value count);
  Value maskFor(int64_t count) { return maskBetween(0, count); }
  /// Lane i is set when first <= i < end.
  Value maskBetween(int64_t first, int64_t end);
  /// 0, 1, 2, ... as i32.
  Value laneNumbers();
  /// Sum (of real numbers or integers) and maximum of the lanes, as a tree of fixed shape.
  Value reduceAdd(Value vector);
  Value reduceMax(Value vector);
  /// Minimum of integer lanes.
  Value reduceMin(Value vector);

  //===- Control
  //------------------------------------------------------------------------------------------------------===//
  void forLoop(Value begin, Value end, int64_t step, Body body);
  llvm::SmallVector<Value> forReduce(Value begin, Value end, int64_t step, ValueRange initial, ReducingBody body);
  void ifThen(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise = {});
  /// What `then` computes where the condition holds, and else what `otherwise` does; nothing else is computed or read.
  Value either(Type type, Value condition, llvm::function_ref<Value()> then, llvm::function_ref<Value()> otherwise);
  /// Indices [begin, end) in steps of a vector; the last, partial vector has a mask, the others a null one.
  void forVectors(int64_t begin, int64_t end, VectorBody body);
  /// The same with values carried from vector to vector.
  llvm::SmallVector<Value>
  forVectorsReduce(int64_t begin, int64_t end, ValueRange initial,
                   llvm::function_ref<llvm::SmallVector<Value>(Value index, Value mask, ValueRange carried)> body);
};

/// The function of one stage. Its insertion point is inside until finish() or the destructor returns it to the module.
class StageFunction {
public:
  StageFunction(mlir::OpBuilder &builder, KernelOp kernel, const StageSpec &stage, const TargetDescription &target);
  StageFunction(mlir::OpBuilder &builder, KernelOp kernel, const KernelConfiguration &configuration, unsigned stage,
                const TargetDescription &target)
      : StageFunction(builder, kernel, configuration.stages[stage], target) {}
  ~StageFunction();

  mlir::LLVM::LLVMFuncOp function;
  mlir::Value iteration, firstTask, endTask;
  KernelBuilder k;

  /// Loops over the tasks that the call was given.
  void forTasks(llvm::function_ref<void(mlir::Value task)> body) { k.forLoop(firstTask, endTask, 1, body); }

private:
  mlir::OpBuilder::InsertionGuard guard;
};

/// The builder for the body of an internal helper function, called as any llvm.func; insertion point inside.
mlir::LLVM::LLVMFuncOp createHelperFunction(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name,
                                            llvm::ArrayRef<mlir::Type> arguments);

/// A constant table of f32 in the object's read-only data; returns its symbol. Tables of equal contents are one.
mlir::LLVM::GlobalOp createConstantTable(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name,
                                         llvm::ArrayRef<float> values);

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_KERNELBUILDER_H
