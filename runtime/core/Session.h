// A program together with the device that runs it: tensors by role and name, entry points by name. Everything else in
// the runtime (loading, saving, the training loop) is written against this class, and so is any tool that wants to run
// one entry point in its own process:
//
//   hadal::Session session(program, {.threads = 2});
//   session.write<float>(session.require(HADAL_PARAMETER, "model.norm.weight"), weights);
//   session.run("evaluate");
//   float loss = session.result("loss.main");
#ifndef HADAL_RUNTIME_CORE_SESSION_H
#define HADAL_RUNTIME_CORE_SESSION_H

#include "runtime/core/Device.h"
#include "runtime/core/Program.h"

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hadal {

class Session {
public:
  /// All tensors start as zero; `initializeParameters` or io/HuggingFaceDirectory give the parameters their values.
  explicit Session(const struct hadal_program &descriptor, const DeviceOptions &options = {});
  Session(const Session &) = delete; // the device refers to the checked program
  Session &operator=(const Session &) = delete;

  const Program &program() const { return checkedProgram; }
  Device &device() const { return *programDevice; }

  /// The index of a tensor or entry point; fails with a message when the program has none of that name.
  uint32_t require(hadal_role role, std::string_view name) const;
  uint32_t requireEntry(std::string_view name) const;
  /// The tensor that an entry point reads or writes under this name.
  uint32_t requireInput(uint32_t entry, std::string_view name) const;
  uint32_t requireResult(uint32_t entry, std::string_view name) const;
  std::optional<uint32_t> find(hadal_role role, std::string_view name) const {
    return checkedProgram.findTensor(role, name);
  }

  const hadal_tensor &tensor(uint32_t index) const { return checkedProgram.tensors()[index]; }

  /// Copies elements into a tensor, or out of it, from an offset in bytes on. What is made of a parameter when it is
  /// loaded is out of date from its first write on, until `finishLoading`; where the program holds nothing but that,
  /// one parameter is loaded after the other, and cannot be read.
  void write(uint32_t tensor, uint64_t offset, std::span<const std::byte> source);
  void read(uint32_t tensor, uint64_t offset, std::span<std::byte> destination) const;

  /// Ends the loading of a parameter, all of whose elements have been written: runs the entry points that make its
  /// packed forms. Harmless where there are none.
  void finishLoading(uint32_t parameter);

  template <class Element> void write(uint32_t tensor, std::span<const Element> elements) {
    write(tensor, 0, std::as_bytes(elements));
  }
  template <class Element> std::vector<Element> read(uint32_t tensorIndex) const {
    std::vector<Element> elements(byteSize(tensor(tensorIndex)) / sizeof(Element));
    read(tensorIndex, 0, std::as_writable_bytes(std::span(elements)));
    return elements;
  }

  /// Writes a run-time scalar. A program without it does not depend on it, so nothing happens then.
  void setScalar(std::string_view name, float value);
  bool hasScalar(std::string_view name) const { return findAmong(scalars, name).has_value(); }
  /// Reads a result that is one number (f32, rank 0); 0 when the program has none of that name. Others are read like
  /// any tensor: session.read<int32_t>(session.requireResult(entry, "targets")).
  float result(std::string_view name) const;

  /// Writes a number that shapes of the runs that follow depend on. Fails unless it is 0 to its bound, and when the
  /// program has none of the name.
  void setNumber(std::string_view name, int64_t value);
  /// The tensor's dimensions as the numbers are now.
  std::vector<int64_t> shapeOf(uint32_t tensor) const;

  /// Runs an entry point, all of whose numbers have been written. Allocates nothing.
  void run(uint32_t entry, CommandRecorder *recorder = nullptr);
  void run(std::string_view entry) { run(requireEntry(entry)); }

private:
  Program checkedProgram;
  std::unique_ptr<Device> programDevice;
  std::vector<uint32_t> scalars, results;         // looked up in every step
  std::vector<std::vector<uint32_t>> numbers;     // that each entry point depends on
  std::vector<std::vector<uint32_t>> loadEntries; // that are run when each tensor is loaded
  std::unique_ptr<std::atomic<bool>[]> isStale;   // whether a parameter was written and not finished
  std::atomic<uint32_t> staleCount = 0;
  std::atomic<uint32_t> held = HADAL_NONE; // the parameter in the memory that those of HADAL_LOADING share

  void beginLoading(uint32_t parameter);
  void requireLoaded(uint32_t entry) const;
  std::optional<uint32_t> findAmong(const std::vector<uint32_t> &indices, std::string_view name) const;
};

/// The first tensor of the role, in the descriptor's order, that holds an infinity or a NaN, and the element's index.
struct NonFiniteElement {
  uint32_t tensor;
  uint64_t element;
  float value;
};
std::optional<NonFiniteElement> findNonFinite(const Session &session, hadal_role role);

/// "nan", "inf" or "-inf": the sign of a NaN means nothing.
const char *describeNonFinite(double value);

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_SESSION_H
